"""The Python twins of dev.viking.benchmarks.Kernels: the same names for the same work.

A kernel is a function without arguments that does the work once and returns the resulting tensors. Where the parameters
may be a dictionary (the usual way of torch.func) or one flat vector (the way of the Java side), there is a kernel for
each; the second has the suffix `_flat`.
"""

import torch
from torch.func import grad, jacrev, jvp, vjp, vmap

import lenet
from inputs import LeNetProblem, floats
from viking_step import VikingStep


def add8():
    left, right = floats(6, (8,)), floats(7, (8,))
    return lambda: (torch.add(left, right),)


def _forms(batch):
    """The two forms of the problem: parameters, tangent, function of parameters and inputs."""
    at = LeNetProblem(batch)
    dictionary = (at, lenet.split(at.flat), lenet.split(at.tangent), lenet.apply, lenet.join)
    flat = (at, at.flat, at.tangent, lenet.apply_flat, lambda rows: rows)
    return {"": dictionary, "_flat": flat}


def _transformations(at, p, t, f, join):
    """Every kernel for one form; `join` makes flat vectors of results when they are compared, outside of the timing."""

    def mean_loss(p):
        return lenet.losses(f(p, at.images), at.labels).mean()

    def one_loss(p, x, y):
        return lenet.losses(f(p, x.unsqueeze(0)), y.unsqueeze(0)).sum()

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

    def __init__(self, batch, fused):
        self.at = LeNetProblem(batch)
        self.parameters = self.at.flat.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.parameters], lr=1e-3, fused=fused)

    def restart(self):
        with torch.no_grad():
            self.parameters.copy_(self.at.flat)

    def gradient(self):
        self.parameters.grad = None
        loss = lenet.losses(lenet.apply_flat(self.parameters, self.at.images), self.at.labels).mean()
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


def make(name, batch=32):
    if name == "add8":
        return Kernel(add8())
    steps = {
        "map_step": lambda: MapStep(batch, fused=False),
        "map_step_fused": lambda: MapStep(batch, fused=True),
        "viking_step": lambda: VikingStep(batch, through_projection=True),
        "viking_step_fixed_projection": lambda: VikingStep(batch, through_projection=False),
    }
    if name in steps:
        step = steps[name]()
        return Kernel(step.step, step.result, step.restart)
    for suffix in ("_flat", ""):
        if name.endswith(suffix):
            at, p, t, f, join = _forms(batch)[suffix]
            work = _transformations(at, p, t, f, join).get(name.removesuffix(suffix))
            if work is not None:
                return Kernel(
                    work, lambda: [join(x) if isinstance(x, dict) else x for x in work()]
                )
    raise KeyError(f"there is no kernel '{name}'")
