"""Inputs by the closed formulas of dev.viking.benchmarks.Inputs, to the same bits; numpy only."""

import math

import numpy as np

from models import CLASSES, Shapes


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
    size, chunk = math.prod(shape), 1 << 22
    values = np.empty(size, np.float32)
    for first in range(0, size, chunk):
        part = unit(stream, first, min(chunk, size - first))
        values[first : first + chunk] = part * scale + centre
    return values.reshape(shape)


def parameters(shapes, stream):
    """The flat vector [D]; scales of norms, the weights with one dimension, lie around one."""
    parts, offset = [], 0
    for name, shape in shapes.parameters:
        size = math.prod(shape)
        scale = 0.1 if len(shape) == 1 else 2.0 * math.sqrt(3.0 / (size / shape[0]))
        centre = 1.0 if len(shape) == 1 and name.endswith(".weight") else 0.0
        parts.append((unit(stream, offset, size) * scale + centre).astype(np.float32))
        offset += size
    return np.concatenate(parts)


def images(shapes, count):
    return floats(2, (count, *shapes.input), 1.0, 0.5)


def labels(count):
    return np.arange(count) % CLASSES


def noise(shapes, samples):
    return floats(5, (samples, shapes.dimension), math.sqrt(12.0))


class Problem:
    """A model with a batch of images of noise; everything in numpy."""

    def __init__(self, setting):
        self.setting = setting
        self.shapes = Shapes(setting.model)
        self.flat = parameters(self.shapes, 1)
        self.images = images(self.shapes, setting.batch)
        self.labels = labels(setting.batch)
        self.tangent = floats(3, self.flat.shape)
        self.cotangent = floats(4, (setting.batch, CLASSES))
        self.noise = noise(self.shapes, setting.samples)
