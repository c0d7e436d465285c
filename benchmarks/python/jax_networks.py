"""The networks in JAX, as functions of a dictionary of parameters and of one example."""

import jax
import jax.numpy as jnp
from jax import lax

from models import resnet_blocks

NORM = (1.0 + 1e-5) ** -0.5


def _convolve(x, weight, bias=None, stride=1, padding="VALID"):
    y = lax.conv_general_dilated(x[None], weight, (stride, stride), padding, dimension_numbers=("NCHW", "OIHW", "NCHW"))[0]
    return y if bias is None else y + bias[:, None, None]


def _pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2), (1, 2, 2), "VALID")


def _linear(p, name, x):
    return p[f"{name}.weight"] @ x + p[f"{name}.bias"]


def _lenet(p, x):
    # Pooling before the activation, as the others do.
    x = jnp.tanh(_pool(_convolve(x, p["conv1.weight"], p["conv1.bias"])))
    x = jnp.tanh(_pool(_convolve(x, p["conv2.weight"], p["conv2.bias"])))
    x = jnp.tanh(_linear(p, "fc1", x.reshape(-1)))
    return _linear(p, "fc3", jnp.tanh(_linear(p, "fc2", x)))


def _mlp(p, x):
    x = jax.nn.gelu(_linear(p, "fc1", x), approximate=True)
    x = jax.nn.gelu(_linear(p, "fc2", x), approximate=True)
    return _linear(p, "fc3", x)


def _norm(p, name, x):
    return x * (p[f"{name}.weight"] * NORM)[:, None, None] + p[f"{name}.bias"][:, None, None]


def _resnet20(p, x):
    same = ((1, 1), (1, 1))
    x = jax.nn.relu(_norm(p, "bn1", _convolve(x, p["conv1.weight"], padding=same)))
    for name, _, _, halves in resnet_blocks():
        if halves:
            y = _convolve(x, p[f"{name}.conv1.weight"], stride=2, padding=((0, 1), (0, 1)))
            x = _convolve(x, p[f"{name}.downsample.weight"], p[f"{name}.downsample.bias"], stride=2)
        else:
            y = _convolve(x, p[f"{name}.conv1.weight"], padding=same)
        y = jax.nn.relu(_norm(p, f"{name}.bn1", y))
        y = _norm(p, f"{name}.bn2", _convolve(y, p[f"{name}.conv2.weight"], padding=same))
        x = jax.nn.relu(x + y)
    return _linear(p, "fc", x.mean((1, 2)))


def network(model):
    return {"lenet": _lenet, "resnet20": _resnet20}.get(model, _mlp)
