"""The goals of the library's speed, and whether a run met them."""

from measure import quantiles, ratio

STEP = "step@lenet/32/1"
SETTING = "@lenet/32/1"


def _residual(cases):
    found = [
        row["residual"]
        for record in cases
        for row in record["contestants"]
        if "residual" in row and row["kernel"].startswith("java:") and "paper" not in row["kernel"]
    ]
    return quantiles(found) | {"largest": max(found)} if found else None


def _fastest_of_authors(cases):
    solvers = ("cholesky", "qr", "cg", "lsmr")
    ours = (STEP, f"java:viking_step{SETTING}")
    found = [ratio(cases, (STEP, f"jax:viking_step_{s}{SETTING}"), ours) for s in solvers]
    return min((r for r in found if r), key=lambda r: r["median"], default=None)


def _sampling(cases, worker, kernel):
    for record in cases:
        if record["case"] == f"sampling@{worker}":
            for row in record["contestants"]:
                if row["kernel"].startswith(f"{worker}:{kernel}@"):
                    return row.get("ratio_to_first")
    return None


def _jacrev(cases):
    ours = ("jacobian", "java:jacobian")
    return ratio(cases, ("jacobian", "torch:jacobian_jacrev"), ours)


def table(report):
    """Rows of (what, goal, measured or None, met or None)."""
    cases = report["cases"]
    step, our_map = (STEP, f"java:viking_step{SETTING}"), (STEP, f"java:map_step{SETTING}")
    fixed = (STEP, f"java:viking_step_fixed_projection{SETTING}")
    per_example = ("per_example_gradients", "torch:per_example_gradients")
    own_per_example = ("per_example_gradients", "java:per_example_gradients")
    s1, s16 = (("samples@lenet/32", f"java:viking_step@lenet/32/{s}") for s in (1, 16))
    alone = "projection@lenet/32/1"
    rows = [
        ("VIKING step / MAP step, LeNet, B 32, S 1, exact", "<=", 6, ratio(cases, step, our_map)),
        ("the same against the goal of an approximate gradient (ours stays exact)", "<=", 4.5, ratio(cases, step, our_map)),
        ("the same without the projection's gradient", "<=", 3, ratio(cases, fixed, our_map)),
        ("the authors' default step (LSMR) / ours", ">=", 45, ratio(cases, (STEP, f"jax:viking_step_lsmr{SETTING}"), step)),
        ("the authors' fastest solver / ours", ">=", 12, _fastest_of_authors(cases)),
        (
            "projection alone / torch.func, ours / theirs",
            "<=",
            0.5,
            ratio(cases, (alone, f"java:{alone}"), (alone, f"torch:{alone}")),
        ),
        ("Jacobian of the logits: torch.func.jacrev / ours", ">=", 10, _jacrev(cases)),
        ("per-example gradients: torch.func vmap(grad) / ours", ">=", 2, ratio(cases, per_example, own_per_example)),
        ("S = 16 step / S = 1 step", "<=", 10, ratio(cases, s16, s1)),
        ("posterior sampling, S 100, in forward passes over the data", "<=", 60, _sampling(cases, "java", "sampling")),
    ]
    out = []
    for what, sign, goal, measured in rows:
        met = None
        text = "not measured"
        if measured:
            met = measured["median"] <= goal if sign == "<=" else measured["median"] >= goal
            text = f"{measured['median']:.3g} ({measured['p10']:.3g} to {measured['p90']:.3g})"
        out.append((what, f"{sign} {goal}", text, met))
    residual = _residual(cases)
    text = f"{residual['median']:.1e} ({residual['p10']:.1e} to {residual['p90']:.1e})" if residual else "not measured"
    text += f"; largest {residual['largest']:.1e}" if residual else ""
    met = residual["largest"] <= 1e-5 if residual else None
    out.insert(5, ("relative residual of our float32 projection, all cases", "<= 1e-05", text, met))
    ours = [row for row in report["memory"] if row["label"].startswith("ours, VIKING") and row.get("bytes") is not None]
    if ours:
        parts = [f"{row['setting']}: {row['bytes'] / 2**20:.0f} MiB, {row['blocks']:.2f} J" for row in ours]
        # One block of J, and what the network's own forward and backward pass keeps, which a MAP step has as well.
        met = all(row["bytes"] <= row["jacobian"] + row["map_bytes"] for row in ours if row.get("map_bytes") is not None)
        text = "; ".join(parts)
    else:
        text, met = "not measured", None
    goal = "one block of J, beyond what a MAP step takes"
    out.append(("memory of a step beyond parameters, optimiser state and samples", goal, text, met))
    return out
