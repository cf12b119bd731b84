#!/usr/bin/env python3
"""Writes the models that the benchmarks serve, as a model repository: python3 make_models.py DIRECTORY [MODEL...]

tiny      perceptron 64-128-10
digits    two 3x3 convolutions and two dense layers over 8x8 pixels, as the bundled digits model, version 2
mid       perceptron 512-1024-1024-128
resnet    ResNet-18 at 64x64
encoder   4 transformer layers, width 256, 64 tokens
identity  gives back what it gets, of any length: the way of large bodies without the work of a model

Input x, output y, FP32, rows along an open first axis. Weights are random, the same in every run: the time of a dense model does not
depend on them, so the files are not committed. Needs numpy and onnx (Debian: python3-numpy, python3-onnx).
"""
import pathlib
import sys
import zlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OPSET = 17


class Graph:
    """Collects nodes and weights; each layer takes the name of its input and returns that of its output."""

    def __init__(self, name):
        self.name, self.nodes, self.weights = name, [], []
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def node(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values):
        name = f"w_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, *dims, fan_in):
        """Normal numbers whose variance keeps the size of activations through a layer with this many inputs."""
        return self.constant((self.random.standard_normal(dims) * np.sqrt(2 / fan_in)).astype(np.float32))

    def bias(self, width):
        return self.constant((self.random.standard_normal(width) * 0.01).astype(np.float32))

    def relu(self, x):
        return self.node("Relu", x)

    def dense(self, x, before, after):
        return self.node("Gemm", x, self.weight(before, after, fan_in=before), self.bias(after))

    def project(self, x, before, after):
        """Dense over the last axis of any rank."""
        return self.node("Add", self.node("MatMul", x, self.weight(before, after, fan_in=before)), self.bias(after))

    def convolution(self, x, before, after, kernel, stride=1):
        """With its batch normalisation already folded in, as exporters do for inference."""
        weight = self.weight(after, before, kernel, kernel, fan_in=before * kernel * kernel)
        return self.node("Conv", x, weight, self.bias(after), kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)

    def reshape(self, x, *dims):
        return self.node("Reshape", x, self.constant(np.array(dims, np.int64)))

    def normalise(self, x, width):
        return self.node("LayerNormalization", x, self.constant(np.ones(width, np.float32)), self.constant(np.zeros(width, np.float32)), axis=-1)

    def write(self, directory, answer, inputs, outputs):
        self.nodes.append(helper.make_node("Identity", [answer], ["y"]))
        tensor = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *dims])
        graph = helper.make_graph(self.nodes, self.name, [tensor("x", inputs)], [tensor("y", outputs)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="grpcserving-bench")
        model.ir_version = 8
        checker.check_model(model)
        path = pathlib.Path(directory) / self.name / "1" / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(model, str(path))
        print(f"{self.name}: {path.stat().st_size} bytes")


def perceptron(directory, name, *widths):
    g, x = Graph(name), "x"
    for layer, (before, after) in enumerate(zip(widths, widths[1:])):
        x = g.dense(x if layer == 0 else g.relu(x), before, after)
    g.write(directory, x, [widths[0]], [widths[-1]])


def tiny(directory):
    perceptron(directory, "tiny", 64, 128, 10)


def mid(directory):
    perceptron(directory, "mid", 512, 1024, 1024, 128)


def digits(directory):
    g = Graph("digits")
    x = g.relu(g.convolution(g.reshape("x", -1, 1, 8, 8), 1, 16, 3))
    x = g.relu(g.convolution(x, 16, 32, 3))
    x = g.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.dense(g.relu(g.dense(g.node("Flatten", x), 512, 48)), 48, 10)
    g.write(directory, g.node("Softmax", x, axis=-1), [64], [10])


def resnet(directory):
    g = Graph("resnet")
    x = g.relu(g.convolution("x", 3, 64, 7, stride=2))
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    before = 64
    for width in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and width > 64 else 1
            body = g.convolution(g.relu(g.convolution(x, before, width, 3, stride)), width, width, 3)
            skip = x if before == width else g.convolution(x, before, width, 1, stride)
            x = g.relu(g.node("Add", body, skip))
            before = width
    x = g.dense(g.node("Flatten", g.node("GlobalAveragePool", x)), 512, 1000)
    g.write(directory, x, [3, 64, 64], [1000])


def encoder(directory, width=256, heads=4, tokens=64):
    g, x = Graph("encoder"), "x"
    scale = g.constant(np.float32((width // heads) ** -0.5))
    for _ in range(4):
        q, k, v = g.node("Split", g.project(x, width, 3 * width), outputs=3, axis=-1)
        q, k, v = (g.reshape(part, -1, tokens, heads, width // heads) for part in (q, k, v))
        q, k, v = g.node("Transpose", q, perm=[0, 2, 1, 3]), g.node("Transpose", k, perm=[0, 2, 3, 1]), g.node("Transpose", v, perm=[0, 2, 1, 3])
        weights = g.node("Softmax", g.node("Mul", g.node("MatMul", q, k), scale), axis=-1)
        mixed = g.reshape(g.node("Transpose", g.node("MatMul", weights, v), perm=[0, 2, 1, 3]), -1, tokens, width)
        x = g.normalise(g.node("Add", x, g.project(mixed, width, width)), width)
        x = g.normalise(g.node("Add", x, g.project(g.relu(g.project(x, width, 4 * width)), 4 * width, width)), width)
    g.write(directory, g.node("ReduceMean", x, axes=[1], keepdims=0), [tokens, width], [width])


def identity(directory):
    Graph("identity").write(directory, "x", ["length"], ["length"])


MODELS = {model.__name__: model for model in (tiny, digits, mid, resnet, encoder, identity)}

if __name__ == "__main__":
    if len(sys.argv) < 2 or not MODELS.keys() >= set(sys.argv[2:]):
        sys.exit(__doc__)
    for name in sys.argv[2:] or MODELS:
        MODELS[name](sys.argv[1])
