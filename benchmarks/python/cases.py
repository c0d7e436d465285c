"""What is compared with what."""

import dataclasses

from models import Setting, Shapes


@dataclasses.dataclass
class Contestant:
    label: str
    worker: str
    kernel: str
    # Whose result this one's must equal, (worker, kernel), how closely, relative to the largest number; and which part
    # of a step's result: everything, or mean's gradient and kernel samples (their rank is another estimate).
    same_as: tuple | None = None
    tolerance: float = 1e-4
    part: str = "all"
    # "loss" or "function": |J k| / |J u| of the result's kernel samples is reported.
    residual: str | None = None


@dataclasses.dataclass
class Case:
    """Contestants that take turns; the first one is the one that the others are divided by."""

    name: str
    group: str
    title: str
    contestants: list
    rounds: int | None = None


def _basic():
    def like(case, tolerance, *others, first=("ours", "java"), title=None, name=None):
        label, worker = first
        head = Contestant(label, worker, case)
        rest = [Contestant(text, w, kernel, (worker, case), tolerance) for text, w, kernel in others]
        return Case(name or case, name or case, title, [head, *rest])

    lenet = "LeNet, B 32: "
    yield like(
        "add8",
        1e-6,
        ("ours, freed by a scope", "java", "add8_scope"),
        ("C++", "cpp", "add8"),
        ("PyTorch eager", "torch", "add8"),
        title="Add two vectors of 8, release included",
    )
    crossings = [("call down", "downcall"), ("call down and up", "upcall"), ("scope, opened and closed", "scope")]
    crossings.append(("jvp of the identity", "jvp_of_identity"))
    yield Case(
        "boundary",
        "boundary",
        "The boundary, with nothing behind it",
        [Contestant(label, "java", kernel) for label, kernel in crossings],
    )
    yield like("forward", 1e-5, ("PyTorch eager", "torch", "forward"), title=lenet + "outputs")
    for name, title in (
        ("jvp", "jvp of the outputs"),
        ("vjp", "vjp of the outputs"),
        ("gradient", "gradient of the mean loss"),
        ("hvp", "Hessian-vector product of the mean loss"),
    ):
        others = [("torch.func", "torch", name), ("torch.func, flat", "torch", f"{name}_flat")]
        yield like(name, 1e-4, *others, title=lenet + title)
    yield like(
        "per_example_gradients",
        1e-4,
        ("ours, vmap(grad)", "java", "per_example_gradients_generic"),
        ("torch.func vmap(grad)", "torch", "per_example_gradients"),
        ("torch.func vmap(grad), flat", "torch", "per_example_gradients_flat"),
        ("torch.compile of vmap(grad)", "torch", "per_example_gradients_compiled"),
        title=lenet + "per-example gradients",
    )
    yield like(
        "jacobian",
        1e-4,
        ("ours, vmap(jacrev)", "java", "jacobian_generic"),
        ("torch.func vmap(jacrev)", "torch", "jacobian"),
        ("torch.func vmap(jacrev), flat", "torch", "jacobian_flat"),
        ("torch.compile of vmap(jacrev)", "torch", "jacobian_compiled"),
        ("torch.func jacrev of the batch", "torch", "jacobian_jacrev"),
        ("torch.func jacrev of the batch, flat", "torch", "jacobian_jacrev_flat"),
        title=lenet + "Jacobian of the logits (320 rows)",
    )
    yield like(
        "jacobian_jacrev",
        1e-4,
        ("torch.func", "torch", "jacobian_jacrev"),
        ("torch.func, flat", "torch", "jacobian_jacrev_flat"),
        title=lenet + "jacrev of the batch's logits, which does not know that examples are independent",
        name="jacrev",
    )
    for name, title in (
        ("pooling", "2x2 tiles of [32, 6, 24, 24], with places"),
        ("columns", "windows of the first convolution as columns"),
        ("first_forward", "the first convolution, 6 x 25 x 576"),
        ("second_forward", "the second convolution, 16 x 150 x 64"),
        ("first_rows", "per-example gradients of the first convolution, 6 x 576 x 25"),
        ("second_rows", "per-example gradients of the second convolution, 16 x 64 x 150"),
    ):
        kernel = f"image_{name}"
        libtorch = Contestant("libtorch's operator", "java", f"{kernel}_libtorch", ("java", kernel), 1e-5)
        own = Contestant("own kernel", "java", kernel)
        yield Case(kernel, "image_kernels", f"{lenet}{title}", [own, libtorch])


# The tolerance of a gradient that is not the exact one by its nature; the check says how far off it is.
OTHER = 1e3

AUTHORS = {
    "lsmr": ("LSMR, its default", 2e-2),
    "cg": ("CG(10) with reorthogonalisation", 5e-2),
    "qr": ("QR of the Jacobian", 1e-2),
    "cholesky": ("materialised Cholesky", 1e-2),
}


def _short(setting):
    s = Setting(setting)
    names = {"lenet": "LeNet", "mlp": "MLP", "resnet20": "ResNet-20"}
    return f"{names.get(s.model, s.model)}, B {s.batch}, S {s.samples}"


def step(setting, kind="loss", solvers=(), compiled=False, rounds=None):
    """A training step with everything that goes with it."""
    suffix = "" if kind == "loss" else "_function"
    our, ours = f"viking_step{suffix}@{setting}", ("java", f"viking_step{suffix}@{setting}")
    map_step = f"map_step@{setting}"
    all_of = [Contestant("ours, MAP", "java", map_step), Contestant("ours, VIKING exact", "java", our, residual=kind)]
    if kind == "loss":
        fixed, paper = f"viking_step_fixed_projection@{setting}", f"viking_step_paper@{setting}"
        all_of += [
            Contestant(
                "ours, VIKING without the projection's derivative", "java", fixed, ours, OTHER, "mean and kernel", kind
            ),
            Contestant("ours, VIKING in paper mode, CG(10)", "java", paper, residual=kind),
        ]
    all_of += [
        Contestant("PyTorch, MAP", "torch", map_step, ("java", map_step)),
        Contestant("PyTorch, MAP, fused Adam", "torch", f"map_step_fused@{setting}", ("java", map_step)),
        Contestant("torch.func, VIKING exact", "torch", our, ours, 2e-3, residual=kind),
    ]
    if kind == "loss":
        text = "torch.func, VIKING without the projection's derivative"
        all_of.append(Contestant(text, "torch", fixed, ("java", fixed), 1e-3, residual=kind))
    if compiled:
        label = "torch.compile, MAP"
        all_of.append(Contestant(label, "torch", f"map_step_compiled@{setting}", ("java", map_step)))
        label = "torch.compile, VIKING exact"
        kernel = f"viking_step{suffix}_compiled@{setting}"
        all_of.append(Contestant(label, "torch", kernel, ours, 2e-3, residual=kind))
    if solvers:
        all_of.append(Contestant("JAX, MAP", "jax", map_step, ("java", map_step)))
    for solver in solvers:
        label, tolerance = AUTHORS[solver]
        same = ("java", paper) if solver == "cg" and kind == "loss" else ours
        kernel = f"viking_step{suffix}_{solver}@{setting}"
        label = f"authors' JAX library, {label}"
        all_of.append(Contestant(label, "jax", kernel, same, tolerance, "mean and kernel", kind))
    title = f"{_short(setting)}: one training step with Adam, {kind} Jacobian"
    return Case(f"step{suffix}@{setting}", "step", title, all_of, rounds)


def projection(setting, kind="loss", compiled=False):
    name = ("projection" if kind == "loss" else "projection_function") + "@" + setting
    head = Contestant("ours, exact", "java", name, residual=kind)
    all_of = [head, Contestant("torch.func, materialised", "torch", name, ("java", name), 1e-4, residual=kind)]
    if compiled:
        kernel = name.replace("@", "_compiled@")
        all_of.append(Contestant("torch.compile, materialised", "torch", kernel, ("java", name), 1e-4, residual=kind))
    return Case(name, "projection", f"{_short(setting)}: the projection alone, {kind} Jacobian", all_of)


def per_example(setting):
    name = f"per_example_gradients@{setting}"
    all_of = [Contestant("ours", "java", name), Contestant("torch.func vmap(grad)", "torch", name, ("java", name))]
    return Case(name, "per_example_gradients", f"{_short(setting)}: per-example gradients", all_of)


def jacobian(setting):
    name = f"jacobian@{setting}"
    all_of = [
        Contestant("ours", "java", name),
        Contestant("torch.func vmap(jacrev)", "torch", name, ("java", name)),
    ]
    return Case(name, "jacobian", f"{_short(setting)}: Jacobian of the logits", all_of)


def samples(model, batch, counts):
    all_of = [
        Contestant(f"ours, VIKING exact, S {count}", "java", f"viking_step@{model}/{batch}/{count}") for count in counts
    ]
    title = f"{_short(f'{model}/{batch}/1')[:-5]}: steps with more samples"
    return Case(f"samples@{model}/{batch}", "samples", title, all_of)


def sampling(worker, forward, contestants, title, rounds=None):
    first = Contestant("one forward pass over the data", worker, f"data_forward@{forward}")
    return Case(f"sampling@{worker}", "sampling", title, [first, *contestants], rounds)


def posterior_sampling(images, block, with_jax, quick):
    """In forward passes over the data, each in its own framework; few images for the slower ones, the same numbers."""
    text = "LeNet: posterior sampling, S 100, in forward passes over the data"
    few_images = 32 if quick else min(images, 64)
    few = f"lenet/32/100/{few_images}"
    own = f"lenet/{block}/100/{images}"
    torch_check = Contestant("torch.func, blocks of 32", "torch", f"sampling@{few}", ("java", f"sampling@{few}"), 1e-3)
    yield sampling(
        "java",
        own,
        [Contestant(f"ours, blocks of {block}", "java", f"sampling@{own}")],
        f"{text}; ours, {images} images",
        5,
    )
    yield sampling("torch", few, [torch_check], f"{text}; PyTorch, {few_images} images", 3)
    if with_jax:
        solvers = [
            Contestant(f"authors' JAX library, {AUTHORS[s][0]}", "jax", f"sampling_{s}@{few}", same, 1e-2)
            for s, same in (("cg", None), ("cholesky", ("java", f"sampling@{few}")))
            if s == "cholesky" or not quick
        ]
        yield sampling("jax", few, solvers, f"{text}; the authors' library, {few_images} images", 3)


ALL_SOLVERS = ("lsmr", "cg", "qr", "cholesky")


def plan(options, with_jax):
    """All cases of a run, in order. Flags for models, batches or samples replace the usual choice by their product."""

    def solvers(*names):
        return names if with_jax else ()

    yield from _basic()
    if options.models or options.batches or options.samples:
        for model in options.models or ["lenet"]:
            for batch in options.batches or [32]:
                yield per_example(f"{model}/{batch}/1")
                if batch <= 32:
                    yield jacobian(f"{model}/{batch}/1")
                for count in options.samples or [1]:
                    at = f"{model}/{batch}/{count}"
                    all_solvers = model == "lenet" and batch * count <= 32
                    authors = solvers(*ALL_SOLVERS) if all_solvers else solvers("cholesky")
                    yield step(at, solvers=authors, compiled=options.compiled)
                    yield projection(at)
                    if batch <= 32 and model != "resnet20":
                        yield step(at, "function", solvers=solvers("cholesky"))
                        yield projection(at, "function")
                if options.samples and len(options.samples) > 1:
                    yield samples(model, batch, options.samples)
    elif options.quick:
        yield step("lenet/32/1", solvers=solvers("lsmr", "cholesky"), rounds=3)
        yield projection("lenet/32/1")
        yield samples("lenet", 32, (1, 16))
    else:
        yield step("lenet/32/1", solvers=solvers(*ALL_SOLVERS), compiled=True)
        yield step("lenet/32/4", solvers=solvers("cholesky"))
        yield step("lenet/32/16", solvers=solvers("cholesky"))
        yield step("lenet/128/1", solvers=solvers("cholesky"))
        yield step("lenet/128/4")
        yield step("lenet/128/16")
        yield step("lenet/32/1", "function", solvers=solvers("cholesky"), rounds=7)
        yield step("mlp/32/1", solvers=solvers("cholesky"))
        yield step("mlp/128/16")
        yield step("resnet20/32/1", solvers=solvers("cholesky"), rounds=3)
        for setting in ("lenet/32/1", "lenet/32/16", "lenet/128/1", "lenet/128/16", "mlp/32/1", "resnet20/32/1"):
            yield projection(setting, compiled=setting == "lenet/32/1")
        yield projection("lenet/32/1", "function")
        for setting in ("lenet/128/1", "mlp/32/1", "resnet20/32/1"):
            yield per_example(setting)
        yield samples("lenet", 32, (1, 4, 16))
        yield samples("lenet", 128, (1, 16))
    yield from posterior_sampling(options.images, options.block, with_jax, options.quick)


def curves(quick):
    """Settings of the scaling curves: what varies, its values, and the contestants' kernels at a value."""

    def steps(setting):
        return [
            Contestant("ours, MAP", "java", f"map_step@{setting}"),
            Contestant("ours, VIKING exact", "java", f"viking_step@{setting}"),
            Contestant("torch.func, VIKING exact", "torch", f"viking_step@{setting}"),
        ]

    def passes(setting):
        return [
            Contestant("ours, one forward pass", "java", f"data_forward@{setting}"),
            Contestant("ours, posterior sampling, S 100", "java", f"sampling@{setting}"),
        ]

    by_batch = (8, 32) if quick else (8, 16, 32, 64, 128, 256)
    by_width = (32, 128) if quick else (32, 64, 128, 256, 512)
    by_samples = (1, 4) if quick else (1, 2, 4, 8, 16, 32)
    by_images = (256, 512) if quick else (256, 512, 1024, 2048, 4096)
    yield "B", "LeNet, S 1: step against the batch", [(b, steps(f"lenet/{b}/1")) for b in by_batch]
    widths = [(Shapes(f"mlp{w}").dimension, steps(f"mlp{w}/32/1")) for w in by_width]
    yield "D", "MLP, B 32, S 1: step against the number of parameters", widths
    yield "S", "LeNet, B 32: step against the samples", [(s, steps(f"lenet/32/{s}")) for s in by_samples]
    images = [(n, passes(f"lenet/256/100/{n}")) for n in by_images]
    yield "N", "LeNet: posterior sampling against the images", images
