"""What the Python twins of dev.viking.benchmarks.LatencyWorker share: the networks' sizes, and the protocol."""

import json
import sys
import time

import numpy as np

SHAPES = {
    "mlp": [(64, 32), (64,), (64, 64), (64,), (1, 64), (1,)],
    "lenet": [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 256), (120,), (84, 120), (84,), (10, 84), (10,)],
}
INPUTS = {"mlp": (1, 32), "lenet": (1, 1, 28, 28)}


def split(flat, shapes):
    """Parameters [S, ...] of flat [S, D], or without S."""
    parts, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(flat[..., at : at + size].reshape(flat.shape[:-1] + shape))
        at += size
    return parts


def serve(about, function):
    """Answers until the driver is done; function() gives mean, variance(, probabilities, entropy, information)."""
    function()
    print("ready", about, flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "check":
            result = [np.asarray(part) for part in function()]
            values = [float(v) for pair in zip(result[0].ravel(), result[1].ravel()) for v in pair]
            print(json.dumps(values + [float(v.item()) for v in result[3:]]), flush=True)
        elif words[0] == "run":
            nanos = []
            for _ in range(int(words[1])):
                start = time.perf_counter_ns()
                function()
                nanos.append(time.perf_counter_ns() - start)
            print(json.dumps(nanos), flush=True)
        else:
            return
