"""Checks that the implementations compute the same numbers, times them in turn, and writes JSON and a Markdown table."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import numpy as np

# A case: title, largest difference allowed (relative to the largest number, for float32 results), and who takes part.
# The first contestant is the one that the others are divided by; each is (label, worker, kernel).
CASES = {
    "add8": (
        "Add two vectors of 8, release included",
        1e-6,
        [
            ("ours", "java", "add8"),
            ("ours, freed by a scope", "java", "add8_scope"),
            ("C++", "cpp", "add8"),
            ("PyTorch eager", "torch", "add8"),
        ],
    ),
    "boundary": (
        "The boundary, with nothing behind it",
        None,
        [
            ("call down", "java", "downcall"),
            ("call down and up", "java", "upcall"),
            ("scope, opened and closed", "java", "scope"),
            ("jvp of the identity", "java", "jvp_of_identity"),
        ],
    ),
    "forward": (
        "LeNet, B 32: outputs",
        1e-5,
        [("ours", "java", "forward"), ("PyTorch eager", "torch", "forward")],
    ),
    "jvp": (
        "LeNet, B 32: jvp of the outputs",
        1e-4,
        [
            ("ours", "java", "jvp"),
            ("torch.func", "torch", "jvp"),
            ("torch.func, flat", "torch", "jvp_flat"),
        ],
    ),
    "vjp": (
        "LeNet, B 32: vjp of the outputs",
        1e-4,
        [
            ("ours", "java", "vjp"),
            ("torch.func", "torch", "vjp"),
            ("torch.func, flat", "torch", "vjp_flat"),
        ],
    ),
    "gradient": (
        "LeNet, B 32: gradient of the mean loss",
        1e-4,
        [
            ("ours", "java", "gradient"),
            ("torch.func", "torch", "gradient"),
            ("torch.func, flat", "torch", "gradient_flat"),
        ],
    ),
    "hvp": (
        "LeNet, B 32: Hessian-vector product of the mean loss",
        1e-4,
        [
            ("ours", "java", "hvp"),
            ("torch.func", "torch", "hvp"),
            ("torch.func, flat", "torch", "hvp_flat"),
        ],
    ),
    "per_example_gradients": (
        "LeNet, B 32: per-example gradients",
        1e-4,
        [
            ("ours", "java", "per_example_gradients"),
            ("ours, vmap(grad)", "java", "per_example_gradients_generic"),
            ("torch.func vmap(grad)", "torch", "per_example_gradients"),
            ("torch.func vmap(grad), flat", "torch", "per_example_gradients_flat"),
        ],
    ),
    "jacobian": (
        "LeNet, B 32: Jacobian of the logits (320 rows)",
        1e-4,
        [
            ("ours", "java", "jacobian"),
            ("ours, vmap(jacrev)", "java", "jacobian_generic"),
            ("torch.func vmap(jacrev)", "torch", "jacobian"),
            ("torch.func vmap(jacrev), flat", "torch", "jacobian_flat"),
        ],
    ),
    "jacrev": (
        "LeNet, B 32: jacrev of the batch's logits, which does not know that examples are independent",
        1e-4,
        [
            ("ours", "java", "jacobian_jacrev"),
            ("torch.func", "torch", "jacobian_jacrev"),
            ("torch.func, flat", "torch", "jacobian_jacrev_flat"),
        ],
    ),
    "step": (
        "LeNet, B 32: one training step with Adam",
        None,
        [
            ("ours, MAP", "java", "map_step"),
            ("ours, VIKING exact, S 1", "java", "viking_step"),
            (
                "ours, VIKING without the projection's derivative",
                "java",
                "viking_step_fixed_projection",
            ),
            ("PyTorch, MAP", "torch", "map_step"),
            ("PyTorch, MAP, fused Adam", "torch", "map_step_fused"),
            ("torch.func, VIKING exact, S 1", "torch", "viking_step"),
            (
                "torch.func, VIKING without the projection's derivative",
                "torch",
                "viking_step_fixed_projection",
            ),
        ],
    ),
}
# Steps are checked among those that do the same work.
STEP_CHECKS = [
    ("map_step", "map_step", 1e-4),
    ("viking_step", "viking_step", 1e-3),
    ("viking_step_fixed_projection", "viking_step_fixed_projection", 1e-3),
]

CLOCKS = {
    "wall": "on the wall",
    "cpu": "of the calling thread on a CPU (the machine was not idle; waiting for other programs does not count)",
}
# Fewer rounds, at least three, for a case that would take longer.
MOST_SECONDS = 60


class Worker:
    """A process that runs kernels; see dev.viking.benchmarks.Worker for the protocol."""

    def __init__(self, name, command, folder, clock):
        self.name = name
        self.clock = 0 if clock == "wall" else 1
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=folder
        )

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline().strip()
        if not reply.startswith("ok"):
            self.log.seek(0)
            sys.exit(f"{self.name}: {request}: {reply or 'the worker ended'}\n{self.log.read()[-4000:]}")
        return reply[2:].strip()

    def result(self, kernel):
        with tempfile.NamedTemporaryFile(suffix=".f64") as file:
            self.ask(f"result {kernel} {file.name}")
            return np.fromfile(file.name, "<f8")

    def time(self, kernel, inner):
        return float(self.ask(f"time {kernel} {inner} 1").split("/")[self.clock])

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


def difference(a, b):
    if a.shape != b.shape:
        return float("inf")
    scale = np.abs(b).max()
    error = np.abs(a - b).max() / scale
    return float(error) if np.isfinite(error) else float("inf")


def check(workers, names):
    """Compares every contestant with the first one of its case, and stops when one computes something else."""
    checks = []
    for name in names:
        _, tolerance, contestants = CASES[name]
        if name == "boundary":
            continue  # nothing else does the same
        if name == "step":
            pairs = [("java", j, "torch", t, tolerance) for j, t, tolerance in STEP_CHECKS]
            pairs.append(("torch", "map_step", "torch", "map_step_fused", 1e-6))
        else:
            _, worker, kernel = contestants[0]
            pairs = [(worker, kernel, w, k, tolerance) for _, w, k in contestants[1:]]
        for worker, kernel, other_worker, other_kernel, tolerance in pairs:
            if kernel == "add8" and other_kernel == "add8_scope":
                continue  # the same result by construction
            reference = workers[other_worker].result(other_kernel)
            error = difference(workers[worker].result(kernel), reference)
            checks.append(
                {
                    "kernel": f"{worker}:{kernel}",
                    "reference": f"{other_worker}:{other_kernel}",
                    "numbers": int(reference.size),
                    "difference": error,
                    "tolerance": tolerance,
                }
            )
            verdict = "same" if error <= tolerance else "DIFFERENT"
            print(f"  {verdict:9} {worker}:{kernel} / {other_worker}:{other_kernel}  {error:.1e} <= {tolerance:.0e}")
    wrong = [c for c in checks if not c["difference"] <= c["tolerance"]]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(checks)} comparisons differ: nothing was timed")
    return checks


def quantiles(values):
    low, middle, high = np.percentile(values, [10, 50, 90])
    return {"median": float(middle), "p10": float(low), "p90": float(high)}


def measure(workers, name, rounds, seconds, warmup):
    """Times the contestants of a case one after the other, round by round, starting with another one each time."""
    title, _, contestants = CASES[name]
    inner, slowest = [], 0.0
    for _, worker, kernel in contestants:
        spent, fastest, times = 0.0, float("inf"), 1
        while spent < warmup:
            took = workers[worker].time(kernel, times)
            spent += max(took, 1.0) * times * 1e-9
            fastest = min(fastest, took)
            times = max(1, min(2 * times, int(seconds * 1e9 / fastest)))
        inner.append(max(1, int(seconds * 1e9 / fastest)))
        slowest += inner[-1] * fastest * 1e-9
    rounds = max(3, min(rounds, int(MOST_SECONDS / slowest)))
    samples = [[] for _ in contestants]
    for turn in range(rounds):
        for i in range(len(contestants)):
            which = (turn + i) % len(contestants)
            _, worker, kernel = contestants[which]
            samples[which].append(workers[worker].time(kernel, inner[which]))
    rows = []
    for (label, worker, kernel), own, count in zip(contestants, samples, inner):
        ratio = np.array(own) / np.array(samples[0])
        rows.append(
            {
                "label": label,
                "kernel": f"{worker}:{kernel}",
                "per_sample": count,
                "nanoseconds": quantiles(own),
                "ratio_to_first": quantiles(ratio),
                "samples": [round(x, 1) for x in own],
            }
        )
        print(f"  {label:55} {human(quantiles(own)['median']):>10}  x{quantiles(ratio)['median']:.2f}")
    return {"case": name, "title": title, "rounds": rounds, "contestants": rows}


def human(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def machine(workers, threads):
    model, flags = platform.processor(), ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
        if line.startswith("flags"):
            flags = "AVX-512" if "avx512f" in line else "AVX2" if "avx2" in line else ""
    return {
        "cpu": f"{model} ({flags})" if flags else model,
        "cores": os.cpu_count(),
        "threads": threads,
        "load_at_start": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "workers": {name: worker.ask("info") for name, worker in workers.items()},
        "date": datetime.date.today().isoformat(),
    }


def markdown(report):
    m = report["machine"]
    lines = [
        f"# Benchmarks, {m['date']}: {m['cpu']}",
        "",
        f"{m['cores']} cores, {m['threads']} thread(s) of libtorch in every process, {m['system']}; load average "
        f"{m['load_at_start']:.1f} at the start, {report['load_at_end']:.1f} at the end. "
        + "; ".join(m["workers"].values())
        + ".",
        "",
        f"Written by `benchmarks/run.sh{report['options']}`. All processes are warm and take turns, up to "
        f"{report['rounds']} rounds; times are {CLOCKS[report['clock']]}; a sample is the mean of as many operations as fill "
        f"{report['seconds'] * 1000:.0f} ms. The ratio is taken within each round, to the first line of its table: "
        "what else the machine does then hits both. More than 1 means slower than that line.",
        "",
    ]
    for case in report["cases"]:
        lines += [
            f"## {case['title']}",
            "",
            "| | median | p10 | p90 | ratio | p10 | p90 |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for row in case["contestants"]:
            times, ratio = row["nanoseconds"], row["ratio_to_first"]
            lines.append(
                f"| {row['label']} | {human(times['median'])} | {human(times['p10'])} | {human(times['p90'])} "
                f"| {ratio['median']:.2f} | {ratio['p10']:.2f} | {ratio['p90']:.2f} |"
            )
        lines.append("")
    if report["jmh"]:
        lines += [
            "## The boundary under JMH, on the wall",
            "",
            "| | ns/op | 99.9 % error | bytes allocated |",
            "|---|---:|---:|---:|",
        ]
        for entry in report["jmh"]:
            metric = entry["primaryMetric"]
            title = entry["benchmark"].rsplit(".", 1)[1]
            allocated = entry["secondaryMetrics"].get("gc.alloc.rate.norm", {}).get("score", float("nan"))
            lines.append(
                f"| {title} | {metric['score']:.1f} | {metric['scoreError']:.1f} | {allocated:.0f} |"
            )
        lines.append("")
    lines += [
        "## Same numbers",
        "",
        "Checked before anything was timed, on the inputs that were timed.",
        "",
        "| | compared with | numbers | largest difference | allowed |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {c['kernel']} | {c['reference']} | {c['numbers']:,} | {c['difference']:.1e} | {c['tolerance']:.0e} |"
        for c in report["checks"]
    ]
    lines += ["", "Differences are relative to the largest number of the reference. Results are float32.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--java", nargs=argparse.REMAINDER, required=True, help="command that starts the Java worker")
    parser.add_argument("--cpp", required=True, help="the C++ worker")
    parser.add_argument("--only", default=",".join(CASES), help="cases, separated by commas")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: the calling thread's time on a CPU, on a machine that others use too; only with one thread",
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a sample")
    parser.add_argument("--warmup", type=float, default=2.0, help="seconds per contestant")
    parser.add_argument("--jmh", type=pathlib.Path, help="JSON of JMH to put into the report")
    parser.add_argument("--options", default="", help="what run.sh was called with")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="report without extension")
    options = parser.parse_args()
    if options.clock == "cpu" and options.threads != 1:
        parser.error("--clock cpu sees the calling thread only; it needs --threads 1")
    names = [name for name in options.only.split(",") if name in CASES]
    here = pathlib.Path(__file__).parent
    workers = {
        "java": Worker("java", options.java, None, options.clock),
        "cpp": Worker("cpp", [options.cpp], None, options.clock),
        "torch": Worker("torch", [sys.executable, str(here / "worker.py")], here, options.clock),
    }
    for worker in workers.values():
        worker.ask(f"threads {options.threads}")
    report = {
        "machine": machine(workers, options.threads),
        "options": options.options,
        "rounds": options.rounds,
        "clock": options.clock,
        "seconds": options.seconds,
    }
    print("same numbers?")
    report["checks"] = check(workers, names)
    report["cases"] = []
    for name in names:
        print(CASES[name][0])
        report["cases"].append(measure(workers, name, options.rounds, options.seconds, options.warmup))
    report["load_at_end"] = os.getloadavg()[0]
    report["jmh"] = json.loads(options.jmh.read_text()) if options.jmh else []
    for entry in report["jmh"]:
        entry.pop("jvm", None)
        entry.pop("jvmArgs", None)
        entry["primaryMetric"].pop("rawData", None)
    for worker in workers.values():
        worker.close()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(f"{options.out}.json").write_text(json.dumps(report, indent=1) + "\n")
    pathlib.Path(f"{options.out}.md").write_text(markdown(report))
    print(f"wrote {options.out}.json and {options.out}.md")


if __name__ == "__main__":
    main()
