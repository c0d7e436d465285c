"""The models of dev.viking.benchmarks.Models: shapes for everybody, and functions of a dictionary of parameters in torch."""

import math
import re

CLASSES = 10


def _linear(name, inputs, outputs):
    return [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]


def _lenet():
    return [
        ("conv1.weight", (6, 1, 5, 5)),
        ("conv1.bias", (6,)),
        ("conv2.weight", (16, 6, 5, 5)),
        ("conv2.bias", (16,)),
        *_linear("fc1", 256, 120),
        *_linear("fc2", 120, 84),
        *_linear("fc3", 84, CLASSES),
    ]


def _mlp(width):
    return [*_linear("fc1", 784, width), *_linear("fc2", width, width), *_linear("fc3", width, CLASSES)]


def resnet_blocks():
    """Name, channels in and out, and whether the block halves the image."""
    inputs = 16
    for stage in (1, 2, 3):
        outputs = 8 << stage
        for block in range(3):
            yield f"layer{stage}.{block}", inputs, outputs, stage > 1 and block == 0
            inputs = outputs


def _resnet20():
    def norm(name, channels):
        return [(f"{name}.weight", (channels,)), (f"{name}.bias", (channels,))]

    shapes = [("conv1.weight", (16, 3, 3, 3)), *norm("bn1", 16)]
    for name, inputs, outputs, halves in resnet_blocks():
        shapes += [(f"{name}.conv1.weight", (outputs, inputs, 3, 3)), *norm(f"{name}.bn1", outputs)]
        shapes += [(f"{name}.conv2.weight", (outputs, outputs, 3, 3)), *norm(f"{name}.bn2", outputs)]
        if halves:
            shapes += [
                (f"{name}.downsample.weight", (outputs, inputs, 1, 1)),
                (f"{name}.downsample.bias", (outputs,)),
            ]
    return shapes + _linear("fc", 64, CLASSES)


class Shapes:
    """Parameters by name in the order of the flat vector, and the shape of an input."""

    def __init__(self, model):
        self.model = model
        width = re.fullmatch(r"mlp(\d*)", model)
        if model == "lenet":
            self.parameters, self.input = _lenet(), (1, 28, 28)
        elif model == "resnet20":
            self.parameters, self.input = _resnet20(), (3, 32, 32)
        elif width:
            self.parameters, self.input = _mlp(int(width.group(1) or 128)), (784,)
        else:
            raise KeyError(f"there is no model '{model}'")
        self.sizes = [math.prod(shape) for _, shape in self.parameters]
        self.dimension = sum(self.sizes)


class Setting:
    """dev.viking.benchmarks.Setting: what follows the @ in a kernel's name."""

    def __init__(self, text="lenet/32/1/128"):
        parts = text.split("/")
        self.model, self.batch, self.samples = parts[0], int(parts[1]), int(parts[2])
        self.images = int(parts[3]) if len(parts) > 3 else 4 * self.batch

    @staticmethod
    def of(kernel):
        """Name and setting of `name@setting`."""
        name, _, setting = kernel.partition("@")
        return name, Setting(setting) if setting else Setting()
