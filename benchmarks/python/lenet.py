"""The paper's LeNet as a function of a dictionary of parameters, and of one flat vector."""

import math

import torch
import torch.nn.functional as F

from inputs import LENET

SIZES = [math.prod(shape) for _, shape in LENET]


def split(flat):
    parts = torch.split(flat, SIZES)
    return {name: part.view(shape) for (name, shape), part in zip(LENET, parts)}


def join(tree):
    """Rows of a flat vector from a dictionary whose entries have the same leading dimensions."""
    leading = tree[LENET[0][0]].dim() - len(LENET[0][1])
    return torch.cat([tree[name].flatten(leading) for name, _ in LENET], dim=-1)


def apply(p, x):
    # Pooling before the activation: the same function, with fewer elements left for tanh.
    x = torch.tanh(F.max_pool2d(F.conv2d(x, p["conv1.weight"], p["conv1.bias"]), 2))
    x = torch.tanh(F.max_pool2d(F.conv2d(x, p["conv2.weight"], p["conv2.bias"]), 2))
    x = x.flatten(1)
    x = torch.tanh(F.linear(x, p["fc1.weight"], p["fc1.bias"]))
    x = torch.tanh(F.linear(x, p["fc2.weight"], p["fc2.bias"]))
    return F.linear(x, p["fc3.weight"], p["fc3.bias"])


def apply_flat(flat, x):
    return apply(split(flat), x)


def losses(outputs, labels):
    """Softmax cross-entropy of each example, written so that all derivatives compose."""
    return torch.logsumexp(outputs, 1) - outputs.gather(1, labels.unsqueeze(1)).squeeze(1)
