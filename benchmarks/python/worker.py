"""Runs torch's kernels at the command of the driver; see dev.viking.benchmarks.Worker for the requests."""

import sys

import numpy as np
import torch

import kernels
import projection
import serving
from models import Setting


class Requests:
    def make(self, name):
        made = kernels.make(name)
        result = made._result
        made._result = lambda: [t.detach().double().numpy() for t in result()]
        return made

    def threads(self, count):
        torch.set_num_threads(int(count))
        return torch.get_num_threads()

    def info(self):
        return f"Python {sys.version.split()[0]}, torch {torch.__version__}"

    def residual(self, setting, kind, file):
        """|J k| / |J u| of kernel samples in a file, in float64; rows to leave out, and the same without them."""
        return "{} {} {}".format(*projection.residual(Setting(setting), kind, np.fromfile(file, "<f8")))


if __name__ == "__main__":
    serving.serve(Requests())
