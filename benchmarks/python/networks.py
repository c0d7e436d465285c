"""The networks in torch, as functions of a dictionary of parameters and of one flat vector."""

import torch
import torch.nn.functional as F

from models import Shapes, resnet_blocks


def _lenet(p, x):
    # Pooling before the activation: the same function, with fewer elements left for tanh.
    x = torch.tanh(F.max_pool2d(F.conv2d(x, p["conv1.weight"], p["conv1.bias"]), 2))
    x = torch.tanh(F.max_pool2d(F.conv2d(x, p["conv2.weight"], p["conv2.bias"]), 2))
    x = x.flatten(1)
    x = torch.tanh(F.linear(x, p["fc1.weight"], p["fc1.bias"]))
    x = torch.tanh(F.linear(x, p["fc2.weight"], p["fc2.bias"]))
    return F.linear(x, p["fc3.weight"], p["fc3.bias"])


def _mlp(p, x):
    x = F.gelu(F.linear(x, p["fc1.weight"], p["fc1.bias"]), approximate="tanh")
    x = F.gelu(F.linear(x, p["fc2.weight"], p["fc2.bias"]), approximate="tanh")
    return F.linear(x, p["fc3.weight"], p["fc3.bias"])


def _norm(p, name, x):
    """Batch normalisation in evaluation mode with mean 0 and variance 1, by primitives: every derivative is right."""
    scale = p[f"{name}.weight"] * (1.0 + 1e-5) ** -0.5
    return x * scale.view(1, -1, 1, 1) + p[f"{name}.bias"].view(1, -1, 1, 1)


def _resnet20(p, x):
    x = torch.relu(_norm(p, "bn1", F.conv2d(x, p["conv1.weight"], padding=1)))
    for name, _, _, halves in resnet_blocks():
        if halves:  # Flax's SAME: of an even image and stride 2, the last row and column
            y = F.conv2d(F.pad(x, (0, 1, 0, 1)), p[f"{name}.conv1.weight"], stride=2)
            x = F.conv2d(x, p[f"{name}.downsample.weight"], p[f"{name}.downsample.bias"], stride=2)
        else:
            y = F.conv2d(x, p[f"{name}.conv1.weight"], padding=1)
        y = torch.relu(_norm(p, f"{name}.bn1", y))
        y = _norm(p, f"{name}.bn2", F.conv2d(y, p[f"{name}.conv2.weight"], padding=1))
        x = torch.relu(x + y)
    return F.linear(x.mean((2, 3)), p["fc.weight"], p["fc.bias"])


class Network:
    def __init__(self, model):
        self.shapes = Shapes(model)
        self.apply = {"lenet": _lenet, "resnet20": _resnet20}.get(model, _mlp)

    def split(self, flat):
        parts = torch.split(flat, self.shapes.sizes)
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.parameters, parts)}

    def join(self, tree):
        """Rows of a flat vector from a dictionary whose entries have the same leading dimensions."""
        first, shape = self.shapes.parameters[0]
        leading = tree[first].dim() - len(shape)
        return torch.cat([tree[name].flatten(leading) for name, _ in self.shapes.parameters], dim=-1)

    def apply_flat(self, flat, x):
        return self.apply(self.split(flat), x)


def losses(outputs, labels):
    """Softmax cross-entropy of each example, written so that all derivatives compose."""
    return torch.logsumexp(outputs, 1) - outputs.gather(1, labels.unsqueeze(1)).squeeze(1)
