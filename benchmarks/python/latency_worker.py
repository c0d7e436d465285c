"""Predictions in PyTorch, for latency.py: the twin of dev.viking.benchmarks.LatencyWorker.

Arguments: form (stacked, vmap, loop or compile), network, weights file, inputs file, samples, threads.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F

from latency_shapes import INPUTS, SHAPES, serve, split


def one(network, p, x):
    """One sample's outputs, [B, C]."""
    if network == "mlp":
        x = torch.tanh(F.linear(x, p[0], p[1]))
        x = torch.tanh(F.linear(x, p[2], p[3]))
        return F.linear(x, p[4], p[5])
    x = F.max_pool2d(torch.tanh(F.conv2d(x, p[0], p[1])), 2)
    x = F.max_pool2d(torch.tanh(F.conv2d(x, p[2], p[3])), 2).flatten(1)
    x = torch.tanh(F.linear(x, p[4], p[5]))
    x = torch.tanh(F.linear(x, p[6], p[7]))
    return F.linear(x, p[8], p[9])


def stacked(network, p, x):
    """All samples' outputs, [S, B, C]; p prepared by prepare()."""
    if network == "mlp":
        x = torch.tanh(torch.baddbmm(p[1], x.expand(p[0].shape[0], -1, -1), p[0]))
        x = torch.tanh(torch.baddbmm(p[3], x, p[2]))
        return torch.baddbmm(p[5], x, p[4])
    samples = p[4].shape[0]
    x = F.max_pool2d(torch.tanh(F.conv2d(x, p[0], p[1])), 2)
    x = F.max_pool2d(torch.tanh(F.conv2d(x, p[2], p[3], groups=samples)), 2)
    x = x.view(x.shape[0], samples, -1).transpose(0, 1)
    x = torch.tanh(torch.baddbmm(p[5], x, p[4]))
    x = torch.tanh(torch.baddbmm(p[7], x, p[6]))
    return torch.baddbmm(p[9], x, p[8])


def prepare(network, p):
    """Weights as the batched operators take them."""
    prepared = []
    for weight, bias in zip(p[::2], p[1::2]):
        if weight.dim() == 5:
            prepared += [weight.flatten(0, 1).contiguous(), bias.flatten().contiguous()]
        else:
            prepared += [weight.transpose(1, 2).contiguous(), bias.unsqueeze(1).contiguous()]
    return prepared


def statistics(network, outputs):
    """What the library computes: mean and variance; for classifiers probabilities and entropies too."""
    variance, mean = torch.var_mean(outputs, 0)
    if network == "mlp":
        return mean, variance
    logs = torch.log_softmax(outputs, 2)
    each = logs.exp()
    probabilities = each.mean(0)
    entropy = -torch.xlogy(probabilities, probabilities).sum(1)
    information = entropy + (each * logs).sum(2).mean(0)
    return mean, variance, probabilities, entropy, information


def main():
    form, network, weights, inputs, samples, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
    flat = torch.from_numpy(np.fromfile(weights, "<f4").reshape(int(samples), -1))
    x = torch.from_numpy(np.fromfile(inputs, "<f4").reshape(INPUTS[network]))
    p = split(flat, SHAPES[network])
    if form in ("stacked", "compile"):
        ready = prepare(network, p)
        function = lambda: statistics(network, stacked(network, ready, x))
        if form == "compile":
            function = torch.compile(function)
    elif form == "vmap":
        mapped = torch.func.vmap(lambda *q: one(network, q, x))
        function = lambda: statistics(network, mapped(*p))
    else:
        rows = [[part[s] for part in p] for s in range(int(samples))]
        function = lambda: statistics(network, torch.stack([one(network, q, x) for q in rows]))
    with torch.inference_mode() if form != "compile" else torch.no_grad():
        serve(f"torch {torch.__version__}", function)


if __name__ == "__main__":
    main()
