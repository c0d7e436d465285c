"""Kernels with the authors' JAX library, through its own interface: viking.vi, viking.linalg and viking.sampling.

Two things are set so that all sides do the same work. The interface draws the noise itself, u = sqrt(gamma) k_prev +
sqrt(1 - gamma) eta with eta of a key; with gamma = 0.5 the carried k_prev is chosen such that u is the noise of all
sides. And beta is B / N, the weight that makes the minibatch's objective unbiased. Everything else is theirs: the loss
and its gradient by as_elbo_loss and JAX, solvers and adjoints, the rank by Hutchinson's estimate.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
from viking import linalg, sampling, vi

import inputs
from jax_networks import network
from models import Setting
from viking_constants import DATA_SIZE, LOG_PRECISION, LOG_SCALE_IMAGE

GAMMA = 0.5

SOLVERS = {
    "lsmr": lambda: linalg.projection_kernel_lsmr(),
    "cg": lambda: linalg.projection_kernel_normaleq(linalg.solve_normaleq_cg_fixed_step_reortho(maxiter=10)),
    "qr": lambda: linalg.projection_kernel_normaleq(linalg.solve_normaleq_qr_of_jac()),
    "cholesky": lambda: linalg.projection_kernel_normaleq(
        linalg.solve_normaleq_materialize(linalg.dense_solver_fn_cholesky())
    ),
}

loss = optax.losses.softmax_cross_entropy_with_integer_labels


def flatten_fn(shapes):
    """Their usual form: a dictionary outside, flattened in the order of the flat vector of all sides."""

    def unflatten(flat):
        parts = jnp.split(flat, np.cumsum(shapes.sizes)[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.parameters, parts)}

    def flatten(tree):
        return jnp.concatenate([tree[name].reshape(-1) for name, _ in shapes.parameters]), unflatten

    return flatten, unflatten


class Stepping:
    """A jitted step, always from the same start; subclasses set `state`, and `step` to the next state and the value with
    its gradient, which are there anyway: compiled once for the timing and the comparison of results."""

    def run(self, times):
        state = self.state
        for _ in range(times):
            state, _ = self.compiled(state)
        jax.block_until_ready(state)

    def prepare(self):
        if not hasattr(self, "compiled"):
            self.compiled = jax.jit(self.step).lower(self.state).compile()


class MapStep(Stepping):
    """Gradient of the mean loss and optax's Adam."""

    def __init__(self, setting):
        at = inputs.Problem(setting)
        apply = jax.vmap(network(setting.model), (None, 0))
        self.flatten, unflatten = flatten_fn(at.shapes)
        x, y = jnp.asarray(at.images), jnp.asarray(at.labels)
        optimizer = optax.adam(1e-3)
        parameters = unflatten(jnp.asarray(at.flat))
        self.state = (parameters, optimizer.init(parameters))
        value_and_grad = jax.value_and_grad(lambda p: jax.vmap(loss)(apply(p, x), y).mean())

        def step(state):
            p, memory = state
            value, gradient = value_and_grad(p)
            updates, memory = optimizer.update(gradient, memory, p)
            return (optax.apply_updates(p, updates), memory), (value, gradient)

        self.step = step
        self.prepare()

    def result(self):
        _, (value, gradient) = self.compiled(self.state)
        return value, self.flatten(gradient)[0]


def make_posterior(setting, at, solver, of_loss):
    flatten, unflatten = flatten_fn(at.shapes)
    return vi.make_posterior(
        network(setting.model),
        unflatten(jnp.asarray(at.flat)),
        flatten,
        log_precision=LOG_PRECISION,
        log_scale_image=LOG_SCALE_IMAGE,
        projection_fn=SOLVERS[solver](),
        gamma=GAMMA,
        beta=setting.batch / DATA_SIZE,
        loss_fn=loss if of_loss else None,
        is_linearized=False,
    )


class VikingStep(Stepping):
    """The authors' minibatch objective, its gradient, and optax's Adam, as in their MNIST example."""

    def __init__(self, setting, solver, of_loss=True):
        at = inputs.Problem(setting)
        self.flatten, _ = flatten_fn(at.shapes)
        x, y = jnp.asarray(at.images), jnp.asarray(at.labels)
        posterior = make_posterior(setting, at, solver, of_loss)
        key = jax.random.PRNGKey(0)
        eta = jax.random.normal(key, at.noise.shape)
        carried = (jnp.asarray(at.noise) - math.sqrt(1.0 - GAMMA) * eta) / math.sqrt(GAMMA)
        optimizer = optax.adam(1e-3)
        memory = vi.ELBOState(iso_samples=eta, kernel_samples=carried, opt_state=optimizer.init(posterior))
        self.state = (posterior, memory)
        value_and_grad = jax.value_and_grad(vi.as_elbo_loss(loss, is_batched=True), has_aux=True)

        def step(state):
            (value, (memory, _)), gradient = value_and_grad(state[0], state[1], x, y, key=key)
            updates, opt_state = optimizer.update(gradient, memory.opt_state, state[0])
            return (optax.apply_updates(state[0], updates), memory._replace(opt_state=opt_state)), (value, gradient)

        self.step = step
        self.prepare()

    def result(self):
        (_, memory), (value, gradient) = self.compiled(self.state)
        mean = self.flatten(gradient.params)[0]
        return value, mean, gradient.log_precision, gradient.log_scale_image, memory.kernel_samples


class Sampling:
    """Their alternating projections over N images; jitted by the library for each batch."""

    def __init__(self, setting, solver):
        at = inputs.Problem(setting)
        self.posterior = make_posterior(setting, at, solver, True)
        self.noise = jnp.asarray(at.noise)
        x = jnp.asarray(inputs.images(at.shapes, setting.images))
        y = jnp.asarray(inputs.labels(setting.images))
        firsts = range(0, setting.images, setting.batch)
        self.batches = [(x[i : i + setting.batch], y[i : i + setting.batch]) for i in firsts]
        self.parameters = self.posterior.params
        self.forward = jax.jit(jax.vmap(network(setting.model), (None, 0)))

    def work(self):
        return sampling.alternating_projections(self.posterior, self.noise, self.batches)

    def run(self, times):
        for _ in range(times):
            jax.block_until_ready(self.work())

    def result(self):
        return (self.work(),)


class Forward(Sampling):
    """One forward pass over N images."""

    def work(self):
        return [self.forward(self.parameters, x) for x, _ in self.batches]

    def result(self):
        return self.work()


def make(kernel):
    name, setting = Setting.of(kernel)
    solver = name.rpartition("_")[2]
    if name == "map_step":
        return MapStep(setting)
    if name == "data_forward":
        return Forward(setting, "cg")
    if solver in SOLVERS:
        kind = name.removesuffix(f"_{solver}")
        if kind in ("viking_step", "viking_step_function"):
            return VikingStep(setting, solver, of_loss=kind == "viking_step")
        if kind == "sampling":
            return Sampling(setting, solver)
    raise KeyError(f"there is no kernel '{kernel}'")
