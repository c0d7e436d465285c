"""Predictions in JAX, jit(vmap) over the samples, for latency.py: the twin of dev.viking.benchmarks.LatencyWorker.

Arguments: network, weights file, inputs file, samples, threads.
"""

import os
import sys

network, weights, inputs, samples, threads = sys.argv[1:]
os.environ["JAX_PLATFORMS"] = "cpu"
if threads == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["OMP_NUM_THREADS"] = threads
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import latency_shapes  # noqa: E402


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def conv(x, weight, bias):
    x = jax.lax.conv_general_dilated(x, weight, (1, 1), "VALID")
    return x + bias[None, :, None, None]


def one(p, x):
    """One sample's outputs, [B, C]."""
    if network == "lenet":
        x = pool(jnp.tanh(conv(x, p[0], p[1])))
        x = pool(jnp.tanh(conv(x, p[2], p[3])))
        x, p = x.reshape(x.shape[0], -1), p[4:]
    for weight, bias in zip(p[:-2:2], p[1:-2:2]):
        x = jnp.tanh(x @ weight.T + bias)
    return x @ p[-2].T + p[-1]


def statistics(p, x):
    outputs = jax.vmap(one, (0, None))(p, x)
    mean, variance = outputs.mean(0), outputs.var(0, ddof=1)
    if network == "mlp":
        return mean, variance
    logs = jax.nn.log_softmax(outputs, 2)
    each = jnp.exp(logs)
    probabilities = each.mean(0)
    entropy = -jax.scipy.special.xlogy(probabilities, probabilities).sum(1)
    information = entropy + (each * logs).sum(2).mean(0)
    return mean, variance, probabilities, entropy, information


def main():
    flat = np.fromfile(weights, "<f4").reshape(int(samples), -1)
    x = np.fromfile(inputs, "<f4").reshape(latency_shapes.INPUTS[network])
    p = [jnp.asarray(part) for part in latency_shapes.split(flat, latency_shapes.SHAPES[network])]
    function = jax.jit(statistics)

    def predict():
        return jax.block_until_ready(function(p, x))

    latency_shapes.serve(f"jax {jax.__version__}", predict)


main()
