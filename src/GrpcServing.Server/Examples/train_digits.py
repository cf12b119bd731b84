#!/usr/bin/env python3
"""Trains the bundled example models on scikit-learn's handwritten digits and exports them as ONNX.

Version 1 is a small multilayer perceptron, version 2 a small convolutional network. Both take `image` (FP32, [batch, 64], the
pixels of an 8x8 scan, 0..16, row by row) and answer `probabilities` (FP32, [batch, 10]), so a client can switch versions. The
held-out quarter of the data is never trained on; it is written to digits-heldout.csv for examples and tests.

Needs torch and scikit-learn (Debian: python3-torch python3-sklearn). Run it in this directory: python3 train_digits.py
"""
import csv
import pathlib

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
SEED = 7


class Perceptron(nn.Module):
    """64 -> 32 -> 10."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, image):
        return self.layers(image / 16.0)


class Convolutional(nn.Module):
    """Two 3x3 convolutions, one pooling, two fully connected layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.classes = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 16, 48), nn.ReLU(), nn.Linear(48, 10))

    def forward(self, image):
        return self.classes(self.features((image / 16.0).reshape(-1, 1, 8, 8)))


class Probabilities(nn.Module):
    """What is exported: the network followed by a softmax over the classes."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return torch.softmax(self.network(image), dim=1)


def train(network, images, labels, epochs):
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3, weight_decay=1e-4)
    loss_of = nn.CrossEntropyLoss()
    network.train()
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(images), 32):
            rows = order[start:start + 32]
            optimizer.zero_grad()
            loss_of(network(images[rows]), labels[rows]).backward()
            optimizer.step()
    network.eval()


def accuracy(network, images, labels):
    with torch.no_grad():
        return int((network(images).argmax(1) == labels).sum()), len(labels)


def export(network, version):
    path = HERE / "models" / "digits" / str(version) / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Probabilities(network).eval(), torch.zeros(2, 64), path, opset_version=15,
        input_names=["image"], output_names=["probabilities"],
        dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"}})
    return path.stat().st_size


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    digits = load_digits()
    train_x, held_x, train_y, held_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target)
    with open(HERE / "digits-heldout.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", *(f"p{i}" for i in range(64))])
        writer.writerows([int(label), *(int(p) for p in pixels)] for label, pixels in zip(held_y, held_x))

    images, labels = torch.tensor(train_x, dtype=torch.float32), torch.tensor(train_y)
    held_images, held_labels = torch.tensor(held_x, dtype=torch.float32), torch.tensor(held_y)
    for version, network, epochs in ((1, Perceptron(), 40), (2, Convolutional(), 30)):
        train(network, images, labels, epochs)
        right, of = accuracy(network, held_images, held_labels)
        size = export(network, version)
        print(f"digits version {version}: {right} of {of} held-out scans right ({100 * right / of:.2f} %), {size} bytes")


if __name__ == "__main__":
    main()
