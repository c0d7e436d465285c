"""Inputs by the closed formulas of dev.viking.benchmarks.Inputs, to the same bits."""

import math

import numpy as np
import torch

# The paper's LeNet: name and shape of each parameter, in the order of the flat vector.
LENET = [
    ("conv1.weight", (6, 1, 5, 5)),
    ("conv1.bias", (6,)),
    ("conv2.weight", (16, 6, 5, 5)),
    ("conv2.bias", (16,)),
    ("fc1.weight", (120, 256)),
    ("fc1.bias", (120,)),
    ("fc2.weight", (84, 120)),
    ("fc2.bias", (84,)),
    ("fc3.weight", (10, 84)),
    ("fc3.bias", (10,)),
]
CLASSES = 10


def unit(stream, start, count):
    """Multiples of 2^-24 in [-0.5, 0.5): the finaliser of SplitMix64, float64."""
    index = np.arange(start, start + count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = (np.uint64(stream << 32) + index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) * 2.0**-24 - 0.5


def floats(stream, shape, scale=1.0, centre=0.0):
    values = unit(stream, 0, math.prod(shape)) * scale + centre
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def parameters(shapes, stream):
    """The flat vector [D]."""
    parts, offset = [], 0
    for _, shape in shapes:
        size = math.prod(shape)
        scale = 0.1 if len(shape) == 1 else 2.0 * math.sqrt(3.0 / (size / shape[0]))
        parts.append((unit(stream, offset, size) * scale).astype(np.float32))
        offset += size
    return torch.from_numpy(np.concatenate(parts))


class LeNetProblem:
    """The paper's LeNet (44,426 parameters) with a batch of images of noise."""

    def __init__(self, batch):
        self.batch = batch
        self.flat = parameters(LENET, 1)
        self.images = floats(2, (batch, 1, 28, 28), 1.0, 0.5)
        self.labels = torch.arange(batch) % CLASSES
        self.tangent = floats(3, self.flat.shape)
        self.cotangent = floats(4, (batch, CLASSES))
        self.noise = floats(5, self.flat.shape, math.sqrt(12.0))
