"""Writes the TorchScript modules of the tests into this folder (torch 2.13): python make_modules.py [DIR]

All in float64 unless the name says otherwise, with weights drawn from a fixed seed. digits.pt is written only when DIR is given, a
folder with MNIST's training files (not compressed), on which it is trained.
"""

import io
import pathlib
import sys
import zipfile

import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent


def mlp():
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


class Cnn(nn.Module):
    """Convolution, batch norm, in-place activation, pooling, dropout; smooth, for finite differences."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        x = F.silu(self.norm(self.conv(x)), inplace=True)
        x = self.drop(F.avg_pool2d(x, 2))
        return self.head(x.flatten(1))


class Control(nn.Module):
    """Branches and loops on sizes, attributes and None, and a list."""

    scale: float
    steps: int

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.cell = nn.Linear(4, 4)
        self.skip = None
        self.last = nn.Linear(4, 2)
        self.scale = 0.5
        self.steps = 3

    def forward(self, x):
        if x.dim() != 2:
            raise ValueError("expected a matrix")
        h = torch.tanh(self.first(x))
        states = [h]
        for i in range(self.steps):
            h = torch.tanh(self.cell(h)) * self.scale
            if i % 2 == 0:
                h = h + states[0]
            states.append(h)
        if self.skip is None:
            h = h + states[1]
        if x.size(0) > 100:
            h = h * 0.0
        return self.last(h)


class LayerNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        return self.last(F.gelu(self.norm(self.first(x))))


class Shared(nn.Module):
    """One matrix under two names, one module under two names."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(3, 3)
        self.again = self.encode
        self.decode = nn.Linear(3, 3)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(torch.sin(self.again(torch.tanh(self.encode(x)))))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(4, 12)
        self.head = nn.Linear(4, 2)

    def forward(self, x):  # [B, T, 4]
        q, k, v = self.project(x).chunk(3, dim=-1)
        return self.head(F.scaled_dot_product_attention(q, k, v).mean(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class InPlace(nn.Module):
    """Changes its parameter, its input and nothing else in place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 3))

    def forward(self, x):
        return x.mul_(2.0) @ self.weight.sin_().t()


class CountingCalls(nn.Module):
    """Changes a buffer: refused."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls.add_(1)
        return self.head(x)


class Noisy(nn.Module):
    """Random: refused."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(x + torch.randn_like(x))


class Remembers(nn.Module):
    """Replaces an attribute: refused."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)
        self.last = torch.zeros(1)

    def forward(self, x):
        self.last = x
        return self.head(x)


class NoGrad(nn.Module):
    """Switches derivatives off: refused."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        with torch.no_grad():
            y = x * 2
        return self.head(y)


class WritesFile(nn.Module):
    """Reaches for the file system: refused."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(x) + torch.from_file("viking-test-file", True, 2)


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.norm(self.conv(x)))


class Digits(nn.Module):
    """A small classifier of 28 x 28 images in float32, for the command line."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 5, stride=2), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), Residual(4)
        )
        self.head = nn.Linear(4 * 6 * 6, 10)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


def randomise(module):
    """Weights of any size, and statistics that the tests know."""
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():
            tensor.data.normal_(std=0.5)
    for child in module.modules():
        if isinstance(child, nn.BatchNorm2d):
            child.running_mean.copy_(torch.linspace(-0.2, 0.3, child.num_features, dtype=torch.float64))
            child.running_var.copy_(torch.linspace(0.5, 1.5, child.num_features, dtype=torch.float64))
    return module


def trained(module, folder, epochs=4):
    def numbers(name, offset):
        content = bytearray((folder / name).read_bytes()[offset:])
        return torch.frombuffer(content, dtype=torch.uint8)

    images = numbers("train-images-idx3-ubyte", 16).view(-1, 1, 28, 28).float() / 255
    labels = numbers("train-labels-idx1-ubyte", 8).long()
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(module.parameters(), 0.005)
    for _ in range(epochs):
        for index in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(module(images[index]), labels[index]).backward()
            optimizer.step()
    return module


def save(name, module, example=None, double=True, evaluate=True, drawn=True):
    torch.manual_seed(sum(map(ord, name)))
    module = module.double() if double else module.float()
    if drawn:
        randomise(module)
    module.train(not evaluate)
    if example is None:
        script = torch.jit.script(module)
    else:
        script = torch.jit.trace(module, example.to(next(module.parameters()).dtype), check_trace=False)
    buffer = io.BytesIO()
    torch.jit.save(script, buffer)
    with zipfile.ZipFile(buffer) as full, zipfile.ZipFile(HERE / (name + ".pt"), "w") as small:
        for record in full.infolist():
            # Debug records hold the paths of the machine and change with it.
            if not record.filename.endswith(".debug_pkl"):
                entry = zipfile.ZipInfo(record.filename, date_time=(1980, 1, 1, 0, 0, 0))
                small.writestr(entry, full.read(record))


save("mlp", mlp())
save("mlp-traced", mlp(), torch.zeros(2, 3))
save("mlp-float32", mlp(), double=False)
save("cnn", Cnn())
save("cnn-traced", Cnn(), torch.zeros(2, 1, 6, 6))
save("cnn-in-training", Cnn(), torch.ones(2, 1, 6, 6), evaluate=False)
save("control", Control())
save("layer-norm", LayerNorm())
save("shared", Shared())
save("attention", Attention())
save("recurrent", Recurrent())
save("in-place", InPlace())
save("encoder", nn.Sequential(nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), nn.Flatten(), nn.Linear(12, 2)))
save("refused-buffer", CountingCalls())
save("refused-random", Noisy())
save("refused-attribute", Remembers())
save("refused-no-grad", NoGrad())
save("refused-file", WritesFile())
if len(sys.argv) > 1:
    save("digits", trained(Digits(), pathlib.Path(sys.argv[1])), double=False, drawn=False)
torch.save(mlp().state_dict(), HERE / "weights.pt")
