"""What Python does in python-safetensors.sh: writes a state_dict with what it computes, and reads what Java wrote."""

import json
import math
import sys

import numpy as np
import safetensors
from safetensors import safe_open
from safetensors.numpy import save_file

SHAPES = {
    "0.weight": (3, 2, 3, 3),
    "0.bias": (3,),
    "1.weight": (3,),
    "1.bias": (3,),
    "1.running_mean": (3,),
    "1.running_var": (3,),
    "4.weight": (4, 60),
    "4.bias": (4,),
}


def arrays():
    """Numbers as they come, but for variances, which are positive."""
    random = np.random.default_rng(0)
    made = {name: random.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
    made["1.running_var"] = np.abs(made["1.running_var"]) + 0.5
    return made, random.standard_normal((6, 2, 5, 4)).astype(np.float32)


def forward(w, x):
    """A 3x3 convolution with padding 1, batch norm with its running statistics, ReLU, and a linear layer."""
    w = {name: array.astype(np.float64) for name, array in w.items()}
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    y = np.einsum("nchwij,ocij->nohw", windows, w["0.weight"]) + w["0.bias"][:, None, None]
    scale = w["1.weight"] / np.sqrt(w["1.running_var"] + 1e-5)
    y = (y - w["1.running_mean"][:, None, None]) * scale[:, None, None] + w["1.bias"][:, None, None]
    return np.maximum(y, 0).reshape(len(x), -1) @ w["4.weight"].T + w["4.bias"]


def write(folder):
    weights, x = arrays()
    try:
        import torch
        from safetensors.torch import save_file as save_tensors
    except ImportError:
        print("python: no torch; arrays of the same names instead of a module's state_dict")
        save_file({**weights, "1.num_batches_tracked": np.array(7)}, f"{folder}/weights.safetensors")
    else:
        net = torch.nn.Sequential(
            torch.nn.Conv2d(2, 3, 3, padding=1),
            torch.nn.BatchNorm2d(3),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(60, 4),
        ).eval()
        net.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, strict=False)
        with torch.no_grad():
            deviation = np.abs(net(torch.from_numpy(x)).numpy() - forward(weights, x)).max()
        assert deviation < 1e-4, deviation
        save_tensors(net.state_dict(), f"{folder}/weights.safetensors")
        print(f"python: saved the state_dict of a module of torch {torch.__version__}")
    save_file({"inputs": x, "outputs": forward(weights, x)}, f"{folder}/expected.safetensors")


def check(folder):
    weights, x = arrays()
    with safe_open(f"{folder}/posterior.safetensors", "np") as file:
        texts = file.metadata()
        assert texts["format"] == "viking-posterior", texts
        assert texts["training.note"] == "für Python", texts
        places = json.loads(texts["model"])["parameters"]
        mean = file.get_tensor("mean")
        read = dict(weights)
        for ours, theirs in {"conv": "0", "bn": "1", "fc": "4"}.items():
            for part in ("weight", "bias"):
                place = places[f"{ours}.{part}"]
                size = math.prod(place["shape"])
                read[f"{theirs}.{part}"] = mean[place["offset"] : place["offset"] + size].reshape(place["shape"])
        for name, array in weights.items():
            assert np.array_equal(read[name], array), name
        assert file.get_tensor("samples.kernel").shape == (5, mean.size)
        assert float(file.get_tensor("log_precision").reshape(())) == 2.5
        names = list(file.keys())
    print(f"python: safetensors {safetensors.__version__} read {len(names)} arrays, the weights to the bit: {sorted(names)}")


{"write": write, "check": check}[sys.argv[1]](sys.argv[2])
