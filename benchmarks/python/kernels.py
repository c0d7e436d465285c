"""The Python twins of dev.viking.benchmarks.Kernels: the same names for the same work.

A kernel does the work once when it is called and returns the resulting tensors. Where the parameters may be a
dictionary (the usual way of torch.func) or one flat vector (the way of the Java side), there is a kernel for each; the
second has the suffix `_flat`. The suffix `_compiled` stands for torch.compile.
"""

import torch
from torch.func import grad, jacrev, jvp, vjp, vmap

import inputs
from models import Setting
from networks import losses
from projection import Projection, Sampling, TorchProblem
from viking_step import VikingStep


def add8():
    left, right = (torch.from_numpy(inputs.floats(stream, (8,))) for stream in (6, 7))
    return lambda: (torch.add(left, right),)


def _transformations(at, p, t, f):
    """The kernels for one form of the parameters p and the tangent t."""

    def mean_loss(p):
        return losses(f(p, at.images), at.labels).mean()

    def one_loss(p, x, y):
        return losses(f(p, x.unsqueeze(0)), y.unsqueeze(0)).sum()

    def one_output(p, x):
        return f(p, x.unsqueeze(0)).squeeze(0)

    def run_jvp():
        return jvp(lambda q: f(q, at.images), (p,), (t,))

    def run_vjp():
        output, pullback = vjp(lambda q: f(q, at.images), p)
        return output, *pullback(at.cotangent)

    def run_hvp():
        gradient, pullback = vjp(grad(mean_loss), p)
        return pullback(t)

    per_example = vmap(grad(one_loss), (None, 0, 0))
    per_example_jacobian = vmap(jacrev(one_output), (None, 0))
    return {
        "forward": lambda: (f(p, at.images),),
        "jvp": run_jvp,
        "vjp": run_vjp,
        "gradient": lambda: (grad(mean_loss)(p),),
        "hvp": run_hvp,
        "per_example_gradients": lambda: (per_example(p, at.images, at.labels),),
        "jacobian": lambda: (per_example_jacobian(p, at.images),),
        "jacobian_jacrev": lambda: (jacrev(lambda q: f(q, at.images))(p),),
    }


class MapStep:
    """Gradient of the mean loss by autograd, and torch's Adam; always on the same batch."""

    def __init__(self, setting, fused, compiled=False):
        self.at = TorchProblem(setting)
        self.parameters = self.at.flat.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.parameters], lr=1e-3, fused=fused)
        self.loss = torch.compile(self._loss) if compiled else self._loss

    def _loss(self, p):
        return losses(self.at.network.apply_flat(p, self.at.images), self.at.labels).mean()

    def restart(self):
        with torch.no_grad():
            self.parameters.copy_(self.at.flat)

    def gradient(self):
        self.parameters.grad = None
        loss = self.loss(self.parameters)
        loss.backward()
        return loss

    def step(self):
        self.gradient()
        self.optimizer.step()

    def result(self):
        self.restart()
        loss = self.gradient()
        return loss.detach(), self.parameters.grad


class Kernel:
    """What the worker runs."""

    def __init__(self, work, result=None, restart=lambda: None):
        self.work, self._result, self.restart = work, result or work, restart

    def run(self, times):
        self.restart()
        work = self.work
        for _ in range(times):
            work()

    def result(self):
        return self._result()


def _stepping(step):
    return Kernel(step.step, step.result, step.restart)


# Suffixes `_compiled` are added in `make`.
STEPS = {
    "map_step": lambda s, c: MapStep(s, fused=False, compiled=c),
    "map_step_fused": lambda s, c: MapStep(s, fused=True, compiled=c),
    "viking_step": lambda s, c: VikingStep(s, compiled=c),
    "viking_step_fixed_projection": lambda s, c: VikingStep(s, through_projection=False, compiled=c),
    "viking_step_function": lambda s, c: VikingStep(s, kind="function", compiled=c),
}


def make(kernel):
    name, setting = Setting.of(kernel)
    if name == "add8":
        return Kernel(add8())
    compiled = name.endswith("_compiled")
    name = name.removesuffix("_compiled")
    wrap = torch.compile if compiled else lambda f: f
    if name in STEPS:
        return _stepping(STEPS[name](setting, compiled))
    if name in ("projection", "projection_function"):
        work = wrap(Projection(setting, "function" if name.endswith("function") else "loss").work)
        return Kernel(lambda: (work(),))
    if name in ("sampling", "data_forward"):
        over = Sampling(setting)
        return Kernel(over.forward) if name == "data_forward" else Kernel(lambda: (over.work(),))
    at = TorchProblem(setting)
    for suffix in ("_flat", ""):
        if name.endswith(suffix):
            if suffix:
                p, t, f = at.flat, at.tangent, at.network.apply_flat
            else:
                p, t, f = at.network.split(at.flat), at.network.split(at.tangent), at.network.apply
            work = _transformations(at, p, t, f).get(name.removesuffix(suffix))
            if work is not None:
                work = wrap(work)
                join = at.network.join
                return Kernel(work, lambda: [join(x) if isinstance(x, dict) else x for x in work()])
    raise KeyError(f"there is no kernel '{kernel}'")
