"""The exact projection and what builds on it with torch.func: independent writings of the Java side's work."""

import torch
from torch.func import grad, jacrev, vmap

import inputs
from networks import Network, losses


class TorchProblem:
    """A problem's arrays as tensors, with its network."""

    def __init__(self, setting):
        arrays = inputs.Problem(setting)
        self.setting, self.network = setting, Network(setting.model)
        for name in ("flat", "images", "labels", "tangent", "cotangent", "noise"):
            setattr(self, name, torch.from_numpy(getattr(arrays, name)))

    def double(self):
        """The same numbers in float64."""
        for name in ("flat", "images", "tangent", "cotangent", "noise"):
            setattr(self, name, getattr(self, name).double())
        return self


def row_function(network, kind):
    """Function of parameters, images and labels that gives the rows of a Jacobian, [n, D]."""

    def one_loss(p, x, y):
        return losses(network.apply_flat(p, x.unsqueeze(0)), y.unsqueeze(0)).sum()

    def one_output(p, x):
        return network.apply_flat(p, x.unsqueeze(0)).squeeze(0)

    if kind == "loss":
        return vmap(grad(one_loss), (None, 0, 0))
    jacobian = vmap(jacrev(one_output), (None, 0))
    return lambda p, x, y: jacobian(p, x).flatten(0, 1)


class Factor:
    """Rows with the Cholesky factor of their normalised Gram matrix, in float64."""

    def __init__(self, rows):
        self.rows = rows
        wide = rows.double()
        gram = wide @ wide.T
        self.scale = gram.diagonal().rsqrt()
        self.cholesky = torch.linalg.cholesky(gram * self.scale * self.scale.unsqueeze(1))

    def multipliers(self, vectors):
        """lambda [S, n] with J J^T lambda = J u for u of [S, D]."""
        right = (vectors @ self.rows.T).double() * self.scale
        return (torch.cholesky_solve(right.T, self.cholesky).T * self.scale).to(self.rows.dtype)

    def project(self, vectors):
        """P u and the multipliers, with one step of refinement."""
        first = self.multipliers(vectors)
        kernel = vectors - first @ self.rows
        correction = self.multipliers(kernel)
        return kernel - correction @ self.rows, first + correction


class Projection:
    """Rows, factorisation, and the kernel part of S vectors."""

    def __init__(self, setting, kind):
        self.at = TorchProblem(setting)
        self.rows = row_function(self.at.network, kind)

    def work(self):
        at = self.at
        return Factor(self.rows(at.flat, at.images, at.labels)).project(at.noise)[0]


class Sampling:
    """S vectors through one pass of alternating projections over N images, block after block."""

    def __init__(self, setting):
        self.at = TorchProblem(setting)
        self.rows = row_function(self.at.network, "loss")
        self.images = torch.from_numpy(inputs.images(self.at.network.shapes, setting.images))
        self.labels = torch.from_numpy(inputs.labels(setting.images))

    def work(self):
        vectors, block = self.at.noise, self.at.setting.batch
        for x, y in zip(self.images.split(block), self.labels.split(block)):
            vectors = Factor(self.rows(self.at.flat, x, y)).project(vectors)[0]
        return vectors

    def forward(self):
        with torch.no_grad():
            return [self.at.network.apply_flat(self.at.flat, x) for x in self.images.split(self.at.setting.batch)]


def residual(setting, kind, kernel):
    """|J k| / |J u|, the largest of all samples, with a Jacobian in float64.

    Where that is more than 1e-5, how many rows must be left out for it to be less, and what it is then: at an image
    where the input of a ReLU is zero to within rounding, float32 and float64 have other Jacobians.
    """
    at = TorchProblem(setting).double()
    rows = row_function(at.network, kind)
    k = torch.from_numpy(kernel).reshape(at.noise.shape)
    left, right = [], 0.0
    for x, y in zip(at.images.split(32), at.labels.split(32)):
        part = rows(at.flat, x, y)
        left.append((k @ part.T).square())
        right = right + (at.noise @ part.T).square().sum(1)
    left = torch.cat(left, 1) / right.unsqueeze(1)
    worst = left.max(0).values.sort().values
    without = [float(worst[: len(worst) - count].sum().sqrt()) for count in range(len(worst))]
    dropped = next((count for count, value in enumerate(without) if value <= 1e-5), 0)
    return float(left.sum(1).max().sqrt()), dropped, without[dropped]
