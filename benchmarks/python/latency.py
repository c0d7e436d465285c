"""Times predictions of this library next to others that do the same, in turn, and writes JSON and Markdown."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import latency_report
import latency_shapes

SAMPLES = 32
CALLERS = 4
CASES = ["mlp-1", "mlp-2", "lenet-1", "lenet-2", "cold"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Worker:
    def __init__(self, name, command, errors):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )

    def wait(self):
        self.ready = self.process.stdout.readline().strip()
        if not self.ready.startswith("ready"):
            raise RuntimeError(f"{self.name} did not start")

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
    for shape in latency_shapes.SHAPES[network]:
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 0
        scale = 1 / np.sqrt(fan_in) if fan_in else 0.0
        centre = random.standard_normal(shape) * scale
        rows.append((centre + 0.05 * random.standard_normal((SAMPLES,) + shape)).reshape(SAMPLES, -1))
    weights, inputs = (os.path.join(folder, f"{network}.{what}") for what in ("weights", "inputs"))
    np.concatenate(rows, 1).astype("<f4").tofile(weights)
    random.standard_normal(latency_shapes.INPUTS[network]).astype("<f4").tofile(inputs)
    return weights, inputs


def figures(nanos):
    p50, p99, p999 = np.percentile(nanos, [50, 99, 99.9]) / 1000
    return {
        "p50_us": round(float(p50), 2),
        "p99_us": round(float(p99), 2),
        "p999_us": round(float(p999), 2),
        "calls": len(nanos),
    }


def spread(nanos):
    row = figures(nanos)
    row["p999_over_p50"] = round(row["p999_us"] / row["p50_us"], 2)
    return row


def commands(args, tail):
    """Who predicts, by name; ours first."""
    jvm = args.java[:1] + ["--enable-native-access=ALL-UNNAMED", "-Xmx1g", "-cp", args.twins]
    known = {
        "djl": ("DJL stacked", jvm + ["dev.viking.benchmarks.twins.DjlTwin"]),
        "javacpp": ("JavaCPP stacked", jvm + ["dev.viking.benchmarks.twins.JavacppTwin"]),
        "jax": ("JAX jit(vmap)", [sys.executable, os.path.join(HERE, "latency_jax.py")]),
    }
    for form in ("stacked", "vmap", "loop", "compile"):
        known[form] = (f"PyTorch {form}", [sys.executable, os.path.join(HERE, "latency_worker.py"), form])
    chosen = {"ours": args.java + ["sampled"] + tail, "ours, linearised": args.java + ["linearised"] + tail}
    for form in args.forms.split(","):
        name, command = known[form]
        chosen[name] = command + tail
    return chosen


def start(chosen, errors):
    workers, failed = [], {}
    started = [Worker(name, command, errors) for name, command in chosen.items()]
    for worker in started:
        try:
            worker.wait()
            workers.append(worker)
        except RuntimeError as error:
            failed[worker.name] = str(error)
    if not workers or workers[0].name != "ours":
        raise SystemExit(f"ours did not start: {failed}")
    return workers, failed


def check(workers):
    """All compute the same numbers, but for the linearised form, whose mean and variance are others."""
    reference, results = None, {}
    for worker in workers:
        values = np.array(worker.ask("check"))
        results[worker.name] = {"about": worker.ready[len("ready ") :]}
        if worker.name == "ours, linearised":
            continue
        reference = values if reference is None else reference
        deviation = float(np.max(np.abs(values - reference) / (1 + np.abs(reference))))
        if not deviation < 1e-4:
            raise SystemExit(f"{worker.name} computes other numbers: deviation {deviation}")
        results[worker.name]["deviation"] = deviation
    return results


def jvm(name):
    return name.startswith(("ours", "DJL", "JavaCPP"))


def measure(network, threads, args, folder, errors):
    weights, inputs = problem(network, folder)
    workers, failed = start(commands(args, [network, weights, inputs, str(SAMPLES), str(threads)]), errors)
    try:
        results = check(workers)
        controls = {}
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
        for worker in workers:
            results[worker.name].update(figures(samples[worker.name]))
            if jvm(worker.name):
                # Those that are slow make as many calls as fit into about a second.
                each = max(50, calls[worker.name] * max(1, round(1 / args.seconds)))
                worker.ask(f"callers {CALLERS} {each}")  # waiting for each other is code to be warmed up, too
                results[worker.name]["callers"] = spread(worker.ask(f"callers {CALLERS} {each}"))
                if worker.name == "ours":
                    nanos = round(results["ours"]["p50_us"] * 1000)
                    for threads_of_control in sorted({os.cpu_count(), CALLERS}):
                        controls[threads_of_control] = spread(worker.ask(f"control {threads_of_control} {each} {nanos}"))
                results[worker.name]["heap_bytes_per_call"] = worker.ask("heap 2000") / 2000
    finally:
        for worker in workers:
            worker.close()
    base = results["ours"]["p50_us"]
    for row in results.values():
        row["over_ours"] = round(row["p50_us"] / base, 2)
    row = {"network": network, "threads": threads, "samples": SAMPLES, "results": results, "failed": failed}
    row["controls"] = {f"{count} threads": control for count, control in controls.items()}
    return row


def cold_start(args, folder):
    """Seconds from starting a JVM to the end of its first prediction, next to importing torch in Python."""
    java = args.java[0]
    once = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", args.jar, "--once"]
    once += ["--model", args.posterior, "--likelihood", "BERNOULLI"]
    cache = os.path.join(folder, "serving.aot")
    subprocess.run([java, f"-XX:AOTCacheOutput={cache}"] + once, check=True, capture_output=True)
    ways = {
        "java": [java] + once,
        "java_aot": [java, f"-XX:AOTCache={cache}"] + once,
        "python": [sys.executable, "-c", "import torch"],
    }
    times = {name: [] for name in ways}
    for _ in range(args.starts):
        for name, command in ways.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - began)
    row = {name: round(float(np.median(values)), 3) for name, values in times.items()}
    row["starts"] = args.starts
    row["ratio"] = round(row["java"] / row["python"], 2)
    row["ratio_aot"] = round(row["java_aot"] / row["python"], 2)
    return row


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--warmup", type=float, default=1.5)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--forms", required=True)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--add", action="store_true")
    parser.add_argument("--twins", default="")
    parser.add_argument("--jar", required=True)
    parser.add_argument("--posterior", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--options", default="")
    parser.add_argument("--java", nargs=argparse.REMAINDER, required=True)
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - set(CASES)
    if unknown:
        parser.error(f"--only: {sorted(unknown)}; known are {CASES}")
    return args


def main():
    args = parse()
    report = {"runs": [], "cases": {}}
    if args.add and os.path.exists(args.out + ".json"):
        with open(args.out + ".json") as file:
            report = json.load(file)
    began = time.time()
    with tempfile.TemporaryDirectory() as folder, open(args.out + ".log", "w") as errors:
        for case in args.only.split(","):
            print(f"{case} ...", file=sys.stderr, flush=True)
            if case == "cold":
                report["cases"][case] = cold_start(args, folder)
            else:
                network, threads = case.split("-")
                report["cases"][case] = measure(network, int(threads), args, folder, errors)
    os.remove(args.out + ".log")
    report["runs"].append(
        {
            "options": args.options.strip(),
            "date": time.strftime("%Y-%m-%d"),
            "seconds": round(time.time() - began),
            "load": os.getloadavg()[0],
        }
    )
    report["machine"] = latency_report.machine()
    with open(args.out + ".json", "w") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    text = latency_report.markdown(report)
    with open(args.out + ".md", "w") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main()
