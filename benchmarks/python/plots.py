"""Scaling curves as pictures next to the report."""


def draw(curve, path):
    """One curve's medians with p10 to p90, both axes logarithmic; nothing without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), dpi=120)
    for label, points in curve["lines"].items():
        if not points:
            continue
        xs = [p["at"] for p in points]
        middle, low, high = ([p["nanoseconds"][q] * 1e-6 for p in points] for q in ("median", "p10", "p90"))
        axes.plot(xs, middle, marker="o", label=label)
        axes.fill_between(xs, low, high, alpha=0.2)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel(curve["variable"])
    axes.set_ylabel("ms")
    axes.set_title(curve["title"])
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
    return True
