"""Compares results, times contestants in turn, and measures memory; what fails is left out, with the reason."""

import numpy as np

from models import Setting, Shapes
from workers import WorkerError

# Fewer rounds, at least three, for a case that would take longer.
MOST_SECONDS = 40


def quantiles(values):
    low, middle, high = np.percentile(values, [10, 50, 90])
    return {"median": float(middle), "p10": float(low), "p90": float(high)}


def human(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def difference(a, b):
    if a.shape != b.shape:
        return float("inf")
    scale = np.abs(b).max()
    error = np.abs(a - b).max() / scale
    return float(error) if np.isfinite(error) else float("inf")


def _parts(contestant, result):
    """The parts of a result that are compared, each by its own largest number."""
    if contestant.part == "all":
        return [result]
    dimension = Shapes(Setting.of(contestant.kernel)[1].model).dimension
    return [result[1 : 1 + dimension], result[3 + dimension :]]


def _kernel_samples(contestant, result):
    _, setting = Setting.of(contestant.kernel)
    return result[-setting.samples * Shapes(setting.model).dimension :]


def check(workers, case):
    """Compares the contestants of a case; returns the checks, the contestants to time, residuals and failures."""
    checks, fit, residuals, failures = [], [], {}, {}
    results = {}

    def result(worker, kernel):
        if (worker, kernel) not in results:
            results[worker, kernel] = workers[worker].result(kernel)
        return results[worker, kernel]

    for one in case.contestants:
        if one.worker not in workers:
            failures[one.label] = f"left out: no {one.worker} worker"
            continue
        try:
            if one.same_as or one.residual:
                own = result(one.worker, one.kernel)
            if one.same_as:
                pairs = zip(_parts(one, own), _parts(one, result(*one.same_as)), strict=True)
                error = max(difference(a, b) for a, b in pairs)
                checks.append(
                    {
                        "kernel": f"{one.worker}:{one.kernel}",
                        "reference": ":".join(one.same_as),
                        "part": one.part,
                        "numbers": int(own.size),
                        "difference": error,
                        "tolerance": one.tolerance,
                    }
                )
                verdict = "same" if error <= one.tolerance else "DIFFERENT"
                print(f"  {verdict:9} {one.label:55} {error:.1e} <= {one.tolerance:.0e}", flush=True)
                if not error <= one.tolerance:
                    failures[one.label] = f"not timed: differs from {':'.join(one.same_as)} by {error:.1e}"
                    continue
            if one.residual:
                setting = (one.kernel.split("@") + ["lenet/32/1"])[1]
                residuals[one.label] = workers["torch"].residual(setting, one.residual, _kernel_samples(one, own))
            fit.append(one)
        except WorkerError as e:
            failures[one.label] = str(e)
            print(f"  FAILED    {one.label}: {e}", flush=True)
    return checks, fit, residuals, failures


def _warm(worker, kernel, seconds, warmup):
    """How many times fit into a sample, and how long one takes."""
    spent, fastest, times = 0.0, float("inf"), 1
    while spent < warmup:
        took = worker.time(kernel, times)
        spent += max(took, 1.0) * times * 1e-9
        fastest = min(fastest, took)
        times = max(1, min(2 * times, int(seconds * 1e9 / fastest)))
    return max(1, int(seconds * 1e9 / fastest)), fastest


def time(workers, contestants, rounds, seconds, warmup, failures):
    """Times contestants one after the other, round by round, starting with another one each time."""
    inner, slowest, fit = [], 0.0, []
    for one in contestants:
        try:
            count, fastest = _warm(workers[one.worker], one.kernel, seconds, warmup)
        except WorkerError as e:
            failures[one.label] = str(e)
            print(f"  FAILED    {one.label}: {e}", flush=True)
            continue
        inner.append(count)
        slowest += count * fastest * 1e-9
        fit.append(one)
    rounds = max(3, min(rounds, int(MOST_SECONDS / max(slowest, 1e-9))))
    samples = {one.label: [] for one in fit}
    for turn in range(rounds):
        for i in range(len(fit)):
            which = (turn + i) % len(fit)
            one = fit[which]
            if one.label in failures:
                continue
            try:
                # What the others left behind (their memory being freed, their threads still spinning, cold caches) is
                # nobody's cost.
                workers[one.worker].time(one.kernel, max(1, inner[which] // 5))
                samples[one.label].append(workers[one.worker].time(one.kernel, inner[which]))
            except WorkerError as e:
                failures[one.label] = str(e)
    return rounds, [(one, count, samples[one.label]) for one, count in zip(fit, inner) if one.label not in failures]


def run_case(workers, case, rounds, seconds, warmup):
    """Checks and times a case; returns its record and its checks."""
    print(f"{case.title}", flush=True)
    checks, fit, residuals, failures = check(workers, case)
    rounds, timed = time(workers, fit, case.rounds and min(case.rounds, rounds) or rounds, seconds, warmup, failures)
    rows = []
    for one, count, own in timed:
        row = {
            "label": one.label,
            "kernel": f"{one.worker}:{one.kernel}",
            "per_sample": count,
            "nanoseconds": quantiles(own),
            "samples": [round(x, 1) for x in own],
        }
        # Without the first contestant there is nothing to divide by.
        if timed[0][0] is case.contestants[0]:
            row["ratio_to_first"] = quantiles(np.array(own) / np.array(timed[0][2]))
        if one.label in residuals:
            row["residual"], row["rows_above"], row["residual_without"] = residuals[one.label]
        rows.append(row)
        ratio = f"x{row['ratio_to_first']['median']:.2f}" if "ratio_to_first" in row else ""
        print(f"  {one.label:60} {human(row['nanoseconds']['median']):>10}  {ratio}", flush=True)
    for worker in workers.values():
        worker.drop()
    record = {"case": case.name, "title": case.title, "rounds": rounds, "contestants": rows, "failed": failures}
    return record, checks


def ratio(cases, over, under):
    """Quantiles of one contestant's time over another's, round by round; None when one is missing.

    `over` and `under` are (case, worker:kernel); across cases, of medians only, with the medians' p10 and p90.
    """

    def find(case, kernel):
        for record in cases:
            if record["case"] == case:
                for row in record["contestants"]:
                    if row["kernel"] == kernel:
                        return row
        return None

    a, b = find(*over), find(*under)
    if a is None or b is None:
        return None
    if over[0] == under[0] and len(a["samples"]) == len(b["samples"]):
        return quantiles(np.array(a["samples"]) / np.array(b["samples"]))
    first, second = a["nanoseconds"], b["nanoseconds"]
    return {
        "median": first["median"] / second["median"],
        "p10": first["p10"] / second["p90"],
        "p90": first["p90"] / second["p10"],
    }


def phases(make_worker, kernel):
    """The bytes that each part of a step has at most, beyond what there was before it."""
    worker = make_worker()
    try:
        # A short step must be seen often, a long one is seen well enough at once.
        times = int(min(50, max(3, 5e9 / worker.time(kernel, 1))))
        reply = worker.ask(f"phases {kernel} {times}").split()
        return {part.replace("-", " "): int(value) for part, value in (word.rsplit(":", 1) for word in reply)}
    finally:
        worker.close()


def memory(make_worker, kernel, bytes_of_optimizer):
    """What a step takes beyond parameters, samples and optimiser state: the rise of the resident set's high-water mark.

    A fresh process; the same kernel on a tiny problem first, which loads code; then the problem is made, and compiled
    where that is done, before the mark is reset.
    """
    worker = make_worker()
    try:
        name, _, setting = kernel.partition("@")
        parts = setting.split("/")
        tiny = f"{name}@{parts[0]}/2/1"
        worker.ask(f"time {tiny} 2 1")
        worker.ask("drop")
        worker.ask(f"prepare {kernel}")
        worker.forget_peak()
        before = worker.memory("VmRSS")
        worker.ask(f"time {kernel} 2 1")
        return max(0, worker.memory("VmHWM") - before - bytes_of_optimizer)
    finally:
        worker.close()
