"""Checks that the implementations compute the same numbers, times them in turn, and writes JSON, Markdown and plots."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sys
import time

import cases
import measure
import plots
import report as reports
from models import Setting, Shapes
from workers import Worker, WorkerError

HERE = pathlib.Path(__file__).parent


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


def words(text):
    return [part for part in text.split(",") if part]


def numbers(text):
    return [int(part) for part in words(text)]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--java", nargs=argparse.REMAINDER, required=True, help="command that starts the Java worker")
    parser.add_argument("--cpp", required=True, help="the C++ worker")
    parser.add_argument("--only", type=words, default=[], help="cases or groups, separated by commas")
    parser.add_argument("--models", type=words, default=[])
    parser.add_argument("--batches", type=numbers, default=[])
    parser.add_argument("--samples", type=numbers, default=[])
    parser.add_argument("--images", type=int, default=2048, help="N of posterior sampling")
    parser.add_argument("--block", type=int, default=256, help="examples in a block of our posterior sampling")
    parser.add_argument("--compiled", action="store_true", help="torch.compile in every case that was asked for")
    parser.add_argument("--quick", action="store_true", help="fewer cases")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: the calling thread's time on a CPU, on a machine that others use too; only with one thread",
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a sample")
    parser.add_argument("--warmup", type=float, default=4.0, help="seconds per contestant")
    parser.add_argument("--jmh", type=pathlib.Path, help="JSON of JMH to put into the report")
    parser.add_argument("--options", default="", help="what run.sh was called with")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="report without extension")
    options = parser.parse_args()
    if options.quick:
        options.images = min(options.images, 512)
    if options.clock == "cpu" and options.threads != 1:
        parser.error("--clock cpu sees the calling thread only; it needs --threads 1")
    return options


def wanted(options, *names):
    return not options.only or any(name in options.only for name in names)


def start(options, notes):
    """Makers of workers by name, and of the one whose memory is profiled by parts of a step."""

    def maker(name, command, folder=None, environment=None):
        return lambda: Worker(name, command, folder, options.clock, options.threads, environment=environment)

    makers = {
        "java": maker("java", options.java),
        "cpp": maker("cpp", [options.cpp]),
        "torch": maker("torch", [sys.executable, "worker.py"], HERE),
    }
    # Freed blocks go back to the system at once and the heap does not grow, so that the resident set is what lives.
    profiled = maker(
        "java",
        options.java,
        None,
        {
            "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536",
            "JAVA_TOOL_OPTIONS": "-Xms96m -Xmx96m -XX:+AlwaysPreTouch -XX:+UseSerialGC",
        },
    )
    missing = [name for name in ("VIKING_JAX_HOME", "MATFREE_HOME") if not os.environ.get(name)]
    if missing:
        notes.append(f"The authors' JAX library is left out: {' and '.join(missing)} not set.")
    else:
        makers["jax"] = maker("jax", [sys.executable, "jax_worker.py", str(options.threads)], HERE)
        try:
            probe = makers["jax"]()
            probe.ask("info")
            probe.close()
        except WorkerError as e:
            notes.append(f"The authors' JAX library is left out: {e}")
            del makers["jax"]
    return makers, profiled


def memory(options, makers, profiled):
    """Peak memory of MAP and VIKING steps, each in a fresh process."""
    solvers = ("cholesky", "lsmr") if "jax" in makers else ()
    settings = ["lenet/32/1"] if options.quick else ["lenet/32/1", "lenet/128/16", "mlp/128/1", "resnet20/32/1"]
    rows = []
    for setting in settings:
        contestants = [
            ("ours, MAP", "java", "map_step"),
            ("ours, VIKING exact", "java", "viking_step"),
            ("torch.func, VIKING exact", "torch", "viking_step"),
        ]
        if setting == "lenet/32/1":
            contestants += [
                (f"authors' JAX library, {cases.AUTHORS[s][0]}", "jax", f"viking_step_{s}") for s in solvers
            ]
        shapes, at, map_bytes = Shapes(setting.split("/")[0]), Setting(setting), None
        jacobian = 4 * at.batch * shapes.dimension
        for label, worker, kernel in contestants:
            row = {"setting": setting, "label": label, "jacobian": jacobian}
            try:
                row["bytes"] = measure.memory(makers[worker], f"{kernel}@{setting}", 8 * shapes.dimension)
                row["blocks"] = row["bytes"] / jacobian
                map_bytes = row["bytes"] if kernel == "map_step" else map_bytes
                row["map_bytes"] = map_bytes
                if label == "ours, VIKING exact":
                    row["phases"] = measure.phases(profiled, f"{kernel}@{setting}")
                print(f"  {setting:15} {label:50} {row['bytes'] / 2**20:8.1f} MiB, {row['blocks']:.2f} J", flush=True)
            except (WorkerError, OSError) as e:
                row["failed"] = str(e)
                print(f"  {setting:15} {label:50} FAILED {e}", flush=True)
            rows.append(row)
    return rows


def curves(options, workers):
    out = []
    for variable, title, points in cases.curves(options.quick):
        print(title, flush=True)
        curve = {"variable": variable, "title": title, "lines": {}}
        for value, contestants in points:
            failures = {}
            _, timed = measure.time(workers, contestants, 5, options.seconds / 2, options.warmup / 2, failures)
            for one in contestants:
                curve["lines"].setdefault(one.label, [])
            for one, _, own in timed:
                point = {"at": value, "nanoseconds": measure.quantiles(own)}
                curve["lines"][one.label].append(point)
            shown = ", ".join(f"{one.label} {measure.human(measure.quantiles(own)['median'])}" for one, _, own in timed)
            print(f"  {variable} = {value}: {shown}", flush=True)
            for worker in workers.values():
                worker.drop()
        picture = f"{options.out}-{variable.lower()}.png"
        if plots.draw(curve, picture):
            curve["picture"] = picture
        out.append(curve)
    return out


def attempt(report, what, run):
    """Runs a part of the comparison; its failure is noted and the rest goes on."""
    try:
        return run()
    except Exception as e:  # noqa: BLE001
        report["notes"].append(f"Failed: {what}: {type(e).__name__}: {e}")
        print(f"FAILED {what}: {type(e).__name__}: {e}", file=sys.stderr, flush=True)
        return None


def write(options, report, began):
    report["load_at_end"] = os.getloadavg()[0]
    report["minutes"] = (time.monotonic() - began) / 60
    pathlib.Path(f"{options.out}.json").write_text(json.dumps(report, indent=1, default=str) + "\n")
    pathlib.Path(f"{options.out}.md").write_text(reports.markdown(report))


def main():
    options, began, notes = parse(), time.monotonic(), []
    options.out.parent.mkdir(parents=True, exist_ok=True)
    makers, profiled = start(options, notes)
    workers = {name: make() for name, make in makers.items()}
    report = {
        "machine": machine(workers, options.threads),
        "options": options.options,
        "rounds": options.rounds,
        "clock": options.clock,
        "seconds": options.seconds,
        "notes": notes,
        "checks": [],
        "cases": [],
        "memory": [],
        "curves": [],
        "jmh": json.loads(options.jmh.read_text()) if options.jmh and options.jmh.exists() else [],
    }
    for entry in report["jmh"]:
        entry.pop("jvm", None)
        entry.pop("jvmArgs", None)
        entry["primaryMetric"].pop("rawData", None)
    chosen = [c for c in cases.plan(options, "jax" in workers) if wanted(options, c.name, c.group)]
    for number, case in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}, {(time.monotonic() - began) / 60:.1f} min] ", end="", flush=True)
        done = attempt(
            report,
            case.title,
            lambda: measure.run_case(workers, case, options.rounds, options.seconds, options.warmup),
        )
        if done:
            report["cases"].append(done[0])
            report["checks"] += done[1]
            write(options, report, began)
    if wanted(options, "curves"):
        report["curves"] = attempt(report, "curves", lambda: curves(options, workers)) or []
    for worker in workers.values():
        worker.close()
    if wanted(options, "memory"):
        print("Peak memory of a step", flush=True)
        report["memory"] = attempt(report, "memory", lambda: memory(options, makers, profiled)) or []
    write(options, report, began)
    print(f"wrote {options.out}.json and {options.out}.md after {report['minutes']:.1f} minutes")
    bad = [f"{c['title']}: {label}: {why}" for c in report["cases"] for label, why in c["failed"].items()]
    for line in bad:
        print(f"failed: {line}", file=sys.stderr)
    differing = [c for c in report["checks"] if not c["difference"] <= c["tolerance"]]
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
