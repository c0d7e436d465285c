"""The report of latency.py as Markdown, with the goals that were set."""

import os
import re

# Row, what is divided, by what of ours, the least (or the most) that it shall be.
RATIOS = [
    ("MLP: PyTorch eager stacked / ours", "mlp", "PyTorch stacked", 3),
    ("MLP: PyTorch loop over samples / ours", "mlp", "PyTorch loop", 30),
    ("MLP: DJL stacked / ours", "mlp", "DJL stacked", 5),
    ("MLP: JavaCPP stacked / ours", "mlp", "JavaCPP stacked", 5),
    ("LeNet: PyTorch eager stacked / ours", "lenet", "PyTorch stacked", 2),
]

CONTROLS = (
    "The controls are threads that multiply numbers for as long as one of our predictions takes alone, neither wait nor "
    "share anything, and are timed in the same way. With one for each CPU their tail is what the machine itself adds; with "
    "four it is what the kernel's time slices make of as many callers that nobody puts in line."
)


def machine():
    with open("/proc/cpuinfo") as file:
        found = re.search(r"model name\s*:\s*(.*)", file.read())
    return f"{found.group(1) if found else 'CPU'}, {os.cpu_count()} CPUs"


def row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def verdict(values, goal, least):
    met = [value >= goal if least else value <= goal for value in values]
    return "met" if all(met) else "missed" if not any(met) else "met in part"


def goals(cases):
    lines = [row(["", "goal", "1 thread", "2 threads", ""]), "|---|---|---|---|---|"]

    def add(title, goal, values, least):
        shown = ["-" if value is None else value for value in values]
        known = [value for value in values if value is not None]
        if known:
            lines.append(row([title, (">= " if least else "<= ") + str(goal), *shown, verdict(known, goal, least)]))

    def of(network, threads, pick):
        case = cases.get(f"{network}-{threads}")
        try:
            return pick(case["results"]) if case else None
        except KeyError:
            return None

    for title, network, other, goal in RATIOS:
        add(title, goal, [of(network, t, lambda r, o=other: r[o]["over_ours"]) for t in (1, 2)], True)
    for network in ("mlp", "lenet"):
        pick = lambda r: r["ours"]["callers"]["p999_over_p50"]  # noqa: E731
        add(f"{network}: p99.9 / p50 of ours, 4 callers", 5, [of(network, t, pick) for t in (1, 2)], False)
    for network in ("mlp", "lenet"):
        pick = lambda r: r["ours"]["heap_bytes_per_call"]  # noqa: E731
        add(f"{network}: Java heap bytes for each call", 0, [of(network, t, pick) for t in (1, 2)], False)
    return lines


def cold(case):
    met = ["met" if case[ratio] <= 0.6 else "missed" for ratio in ("ratio", "ratio_aot")]
    return [
        "## Cold start",
        "",
        f"From starting the process to its end, median of {case['starts']}, in turn. The service loads a file and predicts "
        "once (`java -jar viking-serving-example.jar --model examples/consumer/moons.safetensors --once`). Goal: 0.6.",
        "",
        row(["", "seconds", "/ import torch", ""]),
        "|---|---|---|---|",
        row(["`python -c 'import torch'`", case["python"], "1", ""]),
        row(["`java -jar`", case["java"], case["ratio"], met[0]]),
        row(["the same with an AOT cache (`-XX:AOTCache`)", case["java_aot"], case["ratio_aot"], met[1]]),
        "",
    ]


def network(case):
    lines = [f"## {case['network']}, {case['threads']} thread{'s' if case['threads'] > 1 else ''}", ""]
    lines += [row(["", "p50", "p99", "p99.9", "p50 / ours", "heap bytes a call"]), "|---|---|---|---|---|---|"]
    for name, r in case["results"].items():
        heap = r.get("heap_bytes_per_call")
        heap = "" if heap is None else f"{heap:.0f}"
        lines.append(row([name, r["p50_us"], r["p99_us"], r["p999_us"], r["over_ours"], heap]))
    lines += ["", "Four callers at once:", "", row(["", "p50", "p99", "p99.9", "p99.9 / p50"]), "|---|---|---|---|---|"]
    for name, r in case["results"].items():
        if "callers" in r:
            c = r["callers"]
            lines.append(row([name, c["p50_us"], c["p99_us"], c["p999_us"], c["p999_over_p50"]]))
    for name, c in case.get("controls", {}).items():
        name = f"control: arithmetic in {name}"
        lines.append(row([name, c["p50_us"], c["p99_us"], c["p999_us"], c["p999_over_p50"]]))
    lines.append("")
    if case.get("controls"):
        lines += [CONTROLS, ""]
    lines += [f"Not run: {name}: {why}" for name, why in case["failed"].items()]
    return lines + ([""] if case["failed"] else [])


def markdown(report):
    cases = report["cases"]
    lines = ["# Latency of predictions", "", f"{report['machine']}. Batch 1, 32 samples, microseconds on the wall.", ""]
    lines += ["All compute the same mean, variance and entropies from the same weights, which is checked first, and run in "
              "turn, round after round, each timed in its own process. The linearised form computes other numbers and is "
              "there for its price.", ""]
    lines += goals(cases) + [""]
    for case in cases.values():
        lines += network(case) if "results" in case else cold(case)
    lines += ["## Commands", ""]
    for run in report["runs"]:
        lines.append(f"- `benchmarks/latency.sh {run['options']}`, {run['date']}, {run['seconds']} s, load at the end "
                     f"{run['load']:.1f}")
    versions = {}
    for case in cases.values():
        for name, r in case.get("results", {}).items():
            versions.setdefault(name, r["about"])
    lines += ["", "## Versions", ""] + [f"- {name}: {about}" for name, about in versions.items()] + [""]
    return "\n".join(lines)
