#!/usr/bin/env python3
"""Writes the models that the benchmarks serve, as a model repository: python3 make_models.py DIRECTORY

tiny: perceptron 64-128-10. mid: perceptron 512-1024-1024-128. encoder: 4 layers, width 256, 64 tokens. resnet: ResNet-18 at 64x64.
Weights are random (the time of a dense model does not depend on them), so the files are not committed. Needs torch (Debian: python3-torch).
"""
import pathlib
import sys

import torch
from torch import nn


def perceptron(*widths):
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Encoder(nn.Module):
    """Four post-norm transformer layers over 64 tokens; the answer is their mean."""

    def __init__(self, width=256, heads=4, tokens=64):
        super().__init__()
        self.width, self.heads, self.tokens = width, heads, tokens
        self.qkv = nn.ModuleList(nn.Linear(width, 3 * width) for _ in range(4))
        self.out = nn.ModuleList(nn.Linear(width, width) for _ in range(4))
        self.mlp = nn.ModuleList(perceptron(width, 4 * width, width) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(8))

    def forward(self, x):
        for i in range(4):
            q, k, v = (t.reshape(-1, self.tokens, self.heads, self.width // self.heads).transpose(1, 2) for t in self.qkv[i](x).chunk(3, -1))
            weights = torch.softmax(q @ k.transpose(-1, -2) / (self.width // self.heads) ** 0.5, -1)
            mixed = (weights @ v).transpose(1, 2).reshape(-1, self.tokens, self.width)
            x = self.norms[2 * i](x + self.out[i](mixed))
            x = self.norms[2 * i + 1](x + self.mlp[i](x))
        return x.mean(1)


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        same = stride == 1 and before == after
        self.skip = nn.Identity() if same else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet18():
    blocks = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for width in (64, 128, 256, 512):
        blocks += [Block(before, width, 1 if width == 64 else 2), Block(width, width, 1)]
        before = width
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def main(directory):
    torch.manual_seed(1)
    models = {
        "tiny": (perceptron(64, 128, 10), (64,)), "mid": (perceptron(512, 1024, 1024, 128), (512,)),
        "encoder": (Encoder(), (64, 256)), "resnet": (resnet18(), (3, 64, 64))}
    for name, (model, dims) in models.items():
        path = pathlib.Path(directory) / name / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.onnx.export(model.eval(), torch.randn(2, *dims), str(path), opset_version=15, input_names=["x"], output_names=["y"],
                          dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
        print(f"{name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
