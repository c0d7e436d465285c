"""Times predictions of this library next to others that do the same, in turn, and writes JSON and Markdown."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import latency_worker

SAMPLES = 32


class Worker:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self.process.stdout.readline().strip()
        if not self.ready.startswith("ready"):
            raise RuntimeError(f"{name} did not start")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        try:
            self.process.stdin.write("quit\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        self.process.wait(timeout=30)


def problem(network, folder):
    """Weights and inputs of the sizes that an initialised network has, as files."""
    random = np.random.default_rng(1)
    rows = []
    for shape in latency_worker.SHAPES[network]:
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 0
        scale = 1 / np.sqrt(fan_in) if fan_in else 0.0
        centre = random.standard_normal(shape) * scale
        rows.append((centre + 0.05 * random.standard_normal((SAMPLES,) + shape)).reshape(SAMPLES, -1))
    weights, inputs = (os.path.join(folder, f"{network}.{what}") for what in ("weights", "inputs"))
    np.concatenate(rows, 1).astype("<f4").tofile(weights)
    random.standard_normal(latency_worker.INPUTS[network]).astype("<f4").tofile(inputs)
    return weights, inputs


def figures(nanos):
    p50, p99, p999 = np.percentile(nanos, [50, 99, 99.9]) / 1000
    return {"p50_us": round(float(p50), 2), "p99_us": round(float(p99), 2), "p999_us": round(float(p999), 2)}


def measure(network, threads, args, folder):
    weights, inputs = problem(network, folder)
    tail = [network, weights, inputs, str(SAMPLES), str(threads)]
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "latency_worker.py")
    commands = {"ours": args.java + tail}
    for form in args.forms.split(","):
        commands["pytorch " + form] = [sys.executable, script, form] + tail
    workers, failed = [], {}
    for name, command in commands.items():
        try:
            workers.append(Worker(name, command))
        except RuntimeError as error:
            failed[name] = str(error)
    reference = None
    results = {}
    try:
        for worker in workers:
            values = np.array(worker.ask("check"))
            reference = values if reference is None else reference
            deviation = float(np.max(np.abs(values - reference) / (1 + np.abs(reference))))
            if not deviation < 1e-4:
                raise SystemExit(f"{worker.name} computes other numbers for {network}: deviation {deviation}")
            results[worker.name] = {"deviation": deviation}
        calls = {}
        for worker in workers:  # warm up, and find how many calls make up a round
            until = time.time() + args.warmup
            while time.time() < until:
                nanos = worker.ask("run 50")
            calls[worker.name] = max(20, int(args.seconds * 1e9 / np.median(nanos)))
        samples = {worker.name: [] for worker in workers}
        for _ in range(args.rounds):
            for worker in workers:
                samples[worker.name] += worker.ask(f"run {calls[worker.name]}")
        for name, nanos in samples.items():
            results[name].update(figures(nanos), calls=len(nanos))
        ours = workers[0]
        each = max(50, calls["ours"] * args.rounds // 4)
        concurrent = figures(ours.ask(f"callers 4 {each}"))
        concurrent["p999_over_p50"] = round(concurrent["p999_us"] / concurrent["p50_us"], 2)
        results["ours, 4 callers"] = concurrent
    finally:
        for worker in workers:
            worker.close()
    base = results["ours"]["p50_us"]
    for name, row in results.items():
        if name.startswith("pytorch"):
            row["over_ours"] = round(row["p50_us"] / base, 2)
    return {"network": network, "threads": threads, "samples": SAMPLES, "results": results, "failed": failed}


def cold_start(args):
    """Seconds from starting a JVM to its first prediction, next to importing torch in Python."""
    if not args.jar:
        return None
    java = [args.java[0], "-jar", args.jar, "--once"]
    python = [sys.executable, "-c", "import torch"]
    times = {"java": [], "python": []}
    for _ in range(args.starts):
        for name, command in (("java", java), ("python", python)):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    row = {name: round(float(np.median(values)), 3) for name, values in times.items()}
    row["ratio"] = round(row["java"] / row["python"], 2)
    return row


def markdown(report):
    lines = ["# Latency of predictions", "", f"`benchmarks/latency.sh{report['options']}`, {report['date']}.", ""]
    lines += ["Batch 1, 32 samples, microseconds; all compute the same numbers (checked first), in turn.", ""]
    for case in report["cases"]:
        lines += [f"## {case['network']}, threads: {case['threads']}", ""]
        lines += ["| | p50 | p99 | p99.9 | p50 / ours |", "|---|---|---|---|---|"]
        for name, row in case["results"].items():
            lines.append(f"| {name} | {row['p50_us']} | {row['p99_us']} | {row['p999_us']} | {row.get('over_ours', '')} |")
        lines.append("")
        ratio = case["results"]["ours, 4 callers"]["p999_over_p50"]
        lines.append(f"p99.9 / p50 of ours under 4 callers: {ratio}")
        lines += [f"Not run: {name}: {why}" for name, why in case["failed"].items()] + [""]
    if report["cold_start"]:
        row = report["cold_start"]
        lines += ["## Cold start", "", f"`java -jar` to the first prediction {row['java']} s, "
                  f"`import torch` {row['python']} s, ratio {row['ratio']}.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--warmup", type=float, default=5.0)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--forms", default="stacked,vmap,loop,compile")
    parser.add_argument("--networks", default="mlp,lenet")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--jar", default="")
    parser.add_argument("--out", required=True)
    parser.add_argument("--options", default="")
    parser.add_argument("--java", nargs=argparse.REMAINDER, required=True)
    args = parser.parse_args()
    report = {"options": args.options, "date": time.strftime("%Y-%m-%d"), "cases": []}
    with tempfile.TemporaryDirectory() as folder:
        for network in args.networks.split(","):
            for threads in args.threads.split(","):
                report["cases"].append(measure(network, int(threads), args, folder))
    report["cold_start"] = cold_start(args)
    with open(args.out + ".json", "w") as file:
        json.dump(report, file, indent=1)
    text = markdown(report)
    with open(args.out + ".md", "w") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main()
