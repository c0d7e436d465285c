"""One VIKING step in exact mode with torch.func: an independent writing of what dev.viking.posterior.Elbo computes."""

import torch
from torch.func import grad, grad_and_value, jvp, vmap

from networks import losses
from projection import Factor, TorchProblem, row_function
from viking_constants import DATA_SIZE, LOG_PRECISION, LOG_SCALE_IMAGE


class VikingStep:
    """Objective, gradient and Adam with S samples; always on the same batch and noise."""

    def __init__(self, setting, through_projection=True, kind="loss", compiled=False):
        self.at = TorchProblem(setting)
        self.through_projection, self.kind = through_projection, kind
        scales = torch.tensor([LOG_PRECISION, LOG_SCALE_IMAGE])
        self.start = torch.cat([self.at.flat, scales])
        self.variables = self.start.clone()
        self.optimizer = torch.optim.Adam([self.variables], lr=1e-3, fused=True)
        # The parts that take the time; the factorisation is small and needs no compiler.
        wrap = torch.compile if compiled else lambda f: f
        self.rows = wrap(row_function(self.at.network, kind))
        self.data = wrap(vmap(grad_and_value(lambda p: self._losses(p).sum())))
        self.implicit = wrap(self._implicit)

    def restart(self):
        self.variables.copy_(self.start)

    def step(self):
        _, self.variables.grad, _ = self.evaluate(self.variables)
        self.optimizer.step()

    def result(self):
        return self.evaluate(self.start)

    def _losses(self, p):
        return losses(self.at.network.apply_flat(p, self.at.images), self.at.labels)

    def _function(self, p):
        return self._losses(p) if self.kind == "loss" else self.at.network.apply_flat(p, self.at.images).flatten()

    def evaluate(self, variables):
        at, samples = self.at, self.at.setting.samples
        mean, log_precision, log_scale_image = variables[:-2], variables[-2], variables[-1]
        factor = Factor(self.rows(mean, at.images, at.labels))
        kernel, lam = factor.project(at.noise)
        image = at.noise - kernel
        scale_kernel, scale_image = torch.exp(-0.5 * log_precision), torch.exp(log_scale_image)
        slope, data = self.data(mean + scale_kernel * kernel + scale_image * image)
        slope = slope / samples

        beta = at.setting.batch / DATA_SIZE
        dimension = factor.rows.shape[0]
        precision = torch.exp(log_precision.double())
        log_ratio = log_precision.double() + 2.0 * log_scale_image.double()
        square = precision * mean.dot(mean).double()
        excess = torch.expm1(log_ratio)
        kl = 0.5 * (dimension * (excess - log_ratio) + square)
        grad_log_precision = -0.5 * scale_kernel * (slope.double() * kernel.double()).sum() + beta * 0.5 * (
            dimension * excess + square
        )
        grad_log_scale = scale_image * (slope.double() * image.double()).sum() + beta * dimension * excess
        grad_mean = slope.sum(0) + beta * precision.float() * mean
        if self.through_projection:
            adjoint, mu = factor.project(slope)
            grad_mean -= (scale_kernel - scale_image) * self.implicit(mean, mu, kernel, lam, adjoint)
        gradient = torch.cat([grad_mean, torch.stack([grad_log_precision, grad_log_scale]).float()])
        return data.double().mean() + beta * kl, gradient, kernel

    def _implicit(self, mean, mu, kernel, lam, adjoint):
        """The gradient of the sum over samples of mu^T J k + lambda^T J q: twice reverse over forward."""

        def product(p):
            def along(v):
                return jvp(self._function, (p,), (v,))[1]

            if kernel.shape[0] == 1:
                return mu[0].dot(along(kernel[0])) + lam[0].dot(along(adjoint[0]))
            return (mu * vmap(along)(kernel)).sum() + (lam * vmap(along)(adjoint)).sum()

        return grad(product)(mean)
