"""The Markdown of a run."""

import pathlib

import goals
from measure import human

CLOCKS = {
    "wall": "on the wall",
    "cpu": "of the calling thread on a CPU (the machine was not idle; waiting for other programs does not count)",
}


def _head(report):
    m = report["machine"]
    yield f"# Benchmarks, {m['date']}: {m['cpu']}"
    yield ""
    yield (
        f"{m['cores']} cores, {m['threads']} thread(s) of libtorch in every process, {m['system']}; load average "
        f"{m['load_at_start']:.1f} at the start, {report['load_at_end']:.1f} at the end (these processes included). "
        + "; ".join(m["workers"].values())
        + "."
    )
    yield ""
    yield (
        f"Written by `benchmarks/run.sh{report['options']}` in {report['minutes']:.0f} minutes. All processes are warm "
        f"and take turns, up to {report['rounds']} rounds; times are {CLOCKS[report['clock']]}; a sample is the mean of "
        f"as many operations as fill {report['seconds'] * 1000:.0f} ms. The ratio is taken within each round, to the "
        "first line of its table: what else the machine does then hits both. More than 1 means slower than that line. "
        "Residual: |J k| / |J u| of the kernel samples k = P u, the largest of the samples, with a float64 Jacobian; "
        "the same measure for everybody."
    )
    yield ""
    for note in report["notes"]:
        yield f"**{note}**"
        yield ""


def _case(case):
    with_residual = any("residual" in row for row in case["contestants"])
    yield f"## {case['title']}"
    yield ""
    yield "| | median | p10 | p90 | ratio | p10 | p90 |" + (" residual |" if with_residual else "")
    yield "|---|---:|---:|---:|---:|---:|---:|" + ("---:|" if with_residual else "")
    for row in case["contestants"]:
        times, ratio = row["nanoseconds"], row.get("ratio_to_first")
        ratios = [f"{ratio[q]:.2f}" for q in ("median", "p10", "p90")] if ratio else ["", "", ""]
        cells = [row["label"], *(human(times[q]) for q in ("median", "p10", "p90")), *ratios]
        if with_residual:
            cells.append(_residual(row) if "residual" in row else "")
        yield "| " + " | ".join(cells) + " |"
    yield ""
    for label, reason in case["failed"].items():
        yield f"- {label}: {reason}"
    if case["failed"]:
        yield ""


def _residual(row):
    text = f"{row['residual']:.1e}"
    # Not for iterations, of which every row has its part.
    few = row.get("rows_above", 0)
    return f"{text} ({row['residual_without']:.1e} without {few} of its rows)" if 0 < few <= 4 else text


def _memory(report):
    if not report["memory"]:
        return
    yield "## Peak memory of a step"
    yield ""
    yield (
        "The rise of the resident set's high-water mark in a fresh process from before the first step, when parameters, "
        "data and samples were there and the step was compiled where it is, less the optimiser's state. J is the loss "
        "Jacobian as one float32 matrix."
    )
    yield ""
    yield "| | | MiB | in J |"
    yield "|---|---|---:|---:|"
    for row in report["memory"]:
        if row.get("bytes") is None:
            yield f"| {row['setting']} | {row['label']} | failed: {row['failed']} | |"
        else:
            yield f"| {row['setting']} | {row['label']} | {row['bytes'] / 2**20:.1f} | {row['blocks']:.2f} |"
    yield ""
    profiled = [row for row in report["memory"] if row.get("phases")]
    if not profiled:
        return
    parts = [part for part in profiled[0]["phases"] if part != "rest"]
    yield (
        "What our step takes in its parts: the resident set while each of them runs, at most, less what there was before "
        "the step, in MiB; freed blocks go back to the system at once. The highest part is the step's peak."
    )
    yield ""
    yield "| | " + " | ".join(parts) + " | J | MAP step |"
    yield "|---|" + "---:|" * (len(parts) + 2)
    for row in profiled:
        cells = [row["phases"].get(part) for part in parts] + [row["jacobian"], row.get("map_bytes")]
        texts = ["" if value is None else f"{value / 2**20:.1f}" for value in cells]
        yield f"| {row['setting']} | " + " | ".join(texts) + " |"
    yield ""


def _curves(report):
    if report["curves"]:
        yield "## Scaling"
        yield ""
    for curve in report["curves"]:
        if curve.get("picture"):
            yield f"![{curve['title']}]({pathlib.Path(curve['picture']).name})"
            yield ""
        yield f"{curve['title']} (medians):"
        yield ""
        values = sorted({p["at"] for line in curve["lines"].values() for p in line})
        yield f"| {curve['variable']} | " + " | ".join(f"{v:,}" for v in values) + " |"
        yield "|---|" + "---:|" * len(values)
        for label, points in curve["lines"].items():
            by_value = {p["at"]: human(p["nanoseconds"]["median"]) for p in points}
            yield f"| {label} | " + " | ".join(by_value.get(v, "failed") for v in values) + " |"
        yield ""


def _jmh(report):
    if not report["jmh"]:
        return
    yield "## The boundary under JMH, on the wall"
    yield ""
    yield "| | ns/op | 99.9 % error | bytes allocated |"
    yield "|---|---:|---:|---:|"
    for entry in report["jmh"]:
        metric = entry["primaryMetric"]
        title = entry["benchmark"].rsplit(".", 1)[1]
        allocated = entry["secondaryMetrics"].get("gc.alloc.rate.norm", {}).get("score", float("nan"))
        yield f"| {title} | {float(metric['score']):.1f} | {float(metric['scoreError']):.1f} | {float(allocated):.0f} |"
    yield ""


def _checks(report):
    yield "## Same numbers"
    yield ""
    yield (
        "Checked before a case was timed, on the inputs that were timed. Differences are relative to the largest number "
        "of the reference; results are float32. Of the authors' library the mean's gradient and the kernel samples are "
        "compared: their value and the scales' gradients hold a random estimate of the rank. LSMR agrees to its "
        "tolerance; CG(10) is compared with our paper mode, which takes the same ten steps."
    )
    yield ""
    yield "| | compared with | numbers | largest difference | allowed |"
    yield "|---|---|---:|---:|---:|"
    for c in report["checks"]:
        yield (
            f"| {c['kernel']} | {c['reference']} | {c['numbers']:,} | {c['difference']:.1e} | {c['tolerance']:.0e} |"
        )
    yield ""


def _goals(report):
    yield "## Goals"
    yield ""
    yield (
        "Median ratio of this run, p10 to p90 in brackets, taken within rounds. Met means that the median is; "
        f"the goals are for two threads on the wall, this run had {report['machine']['threads']} on "
        f"{'the wall' if report['clock'] == 'wall' else 'the CPU clock'}."
    )
    yield ""
    yield "| | goal | measured | |"
    yield "|---|---|---|---|"
    for what, goal, text, met in goals.table(report):
        yield f"| {what} | {goal} | {text} | {'' if met is None else 'met' if met else '**not met**'} |"
    yield ""


def markdown(report):
    lines = list(_head(report))
    for case in report["cases"]:
        lines += _case(case)
    for part in (_memory, _curves, _jmh, _checks, _goals):
        lines += part(report)
    return "\n".join(lines)
