"""One VIKING step in exact mode with torch.func: an independent writing of what dev.viking.posterior.Elbo computes."""

import torch
from torch.func import grad, grad_and_value, jvp, vmap

import lenet
from inputs import LeNetProblem

LOG_PRECISION = 4.0
LOG_SCALE_IMAGE = -3.0
DATA_SIZE = 60_000


class VikingStep:
    """Objective, gradient and Adam with one sample; always on the same batch and noise."""

    def __init__(self, batch, through_projection):
        self.at = LeNetProblem(batch)
        self.through_projection = through_projection
        scales = torch.tensor([LOG_PRECISION, LOG_SCALE_IMAGE])
        self.start = torch.cat([self.at.flat, scales])
        self.variables = self.start.clone()
        self.optimizer = torch.optim.Adam([self.variables], lr=1e-3, fused=True)
        self.rows = vmap(grad(self._one_loss), (None, 0, 0))

    def restart(self):
        self.variables.copy_(self.start)

    def step(self):
        _, self.variables.grad, _ = self.evaluate(self.variables)
        self.optimizer.step()

    def result(self):
        loss, gradient, kernel = self.evaluate(self.start)
        return loss, gradient, kernel

    def _one_loss(self, p, x, y):
        return lenet.losses(lenet.apply_flat(p, x.unsqueeze(0)), y.unsqueeze(0)).sum()

    def _losses(self, p):
        return lenet.losses(lenet.apply_flat(p, self.at.images), self.at.labels)

    def evaluate(self, variables):
        at = self.at
        mean, log_precision, log_scale_image = variables[:-2], variables[-2], variables[-1]
        rows = self.rows(mean, at.images, at.labels)

        # The Gram matrix of the normalised rows, in float64.
        gram = rows.double() @ rows.double().T
        scale = gram.diagonal().rsqrt()
        factor = torch.linalg.cholesky(gram * scale * scale.unsqueeze(1))

        def multipliers(u):
            right = (rows @ u).double() * scale
            return (torch.cholesky_solve(right.unsqueeze(1), factor).squeeze(1) * scale).float()

        def project(u):
            first = multipliers(u)
            kernel = u - first @ rows
            correction = multipliers(kernel)
            return kernel - correction @ rows, first + correction

        kernel, lam = project(at.noise)
        image = at.noise - kernel
        scale_kernel, scale_image = torch.exp(-0.5 * log_precision), torch.exp(log_scale_image)
        sample = mean + scale_kernel * kernel + scale_image * image
        slope, data = grad_and_value(lambda p: self._losses(p).sum())(sample)

        beta = at.batch / DATA_SIZE
        precision = torch.exp(log_precision.double())
        log_ratio = log_precision.double() + 2.0 * log_scale_image.double()
        square = precision * mean.dot(mean).double()
        excess = torch.expm1(log_ratio)
        kl = 0.5 * (at.batch * (excess - log_ratio) + square)
        grad_log_precision = (
            -0.5 * scale_kernel * slope.double().dot(kernel.double())
            + beta * 0.5 * (at.batch * excess + square)
        )
        grad_log_scale = (
            scale_image * slope.double().dot(image.double()) + beta * at.batch * excess
        )
        grad_mean = slope + beta * precision.float() * mean
        if self.through_projection:
            adjoint, mu = project(slope)
            grad_mean -= (scale_kernel - scale_image) * self._implicit(mean, mu, kernel, lam, adjoint)
        gradient = torch.cat(
            [grad_mean, torch.stack([grad_log_precision, grad_log_scale]).float()]
        )
        return data.double() + beta * kl, gradient, kernel

    def _implicit(self, mean, mu, kernel, lam, adjoint):
        """The gradient of mu^T J k + lambda^T J q: twice reverse over forward."""

        def product(p):
            along = lambda v: jvp(self._losses, (p,), (v,))[1]
            return mu.dot(along(kernel)) + lam.dot(along(adjoint))

        return grad(product)(mean)
