#!/usr/bin/env python3
"""Writes the small ONNX models that the tests serve. README.md beside this file says what each is for.

Needs onnx (Debian: python3-onnx). Run it in this directory: python3 make_models.py
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper, save

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE / "repository"
OPSET = 15


def tensor(name, kind, dims):
    return helper.make_tensor_value_info(name, kind, dims)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def write(path, name, nodes, inputs, outputs, constants=(), opset=OPSET):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="grpcserving-tests")
    model.ir_version = 8
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, str(path))


def model(name, nodes, inputs, outputs, constants=(), version=1, opset=OPSET):
    write(REPOSITORY / name / str(version) / "model.onnx", name, nodes, inputs, outputs, constants, opset)


def identities():
    kinds = {
        "bool": T.BOOL, "uint8": T.UINT8, "uint16": T.UINT16, "uint32": T.UINT32, "uint64": T.UINT64, "int8": T.INT8, "int16": T.INT16,
        "int32": T.INT32, "int64": T.INT64, "fp16": T.FLOAT16, "bf16": T.BFLOAT16, "fp32": T.FLOAT, "fp64": T.DOUBLE, "string": T.STRING}
    for name, kind in kinds.items():
        model(f"identity_{name}", [helper.make_node("Identity", ["INPUT0"], ["OUTPUT0"])],
              [tensor("INPUT0", kind, ["batch", "n"])], [tensor("OUTPUT0", kind, ["batch", "n"])])


def several_tensors():
    model("add_sub",
          [helper.make_node("Add", ["INPUT0", "INPUT1"], ["SUM"]), helper.make_node("Sub", ["INPUT0", "INPUT1"], ["DIFFERENCE"])],
          [tensor("INPUT0", T.FLOAT, ["batch", 4]), tensor("INPUT1", T.FLOAT, ["batch", 4])],
          [tensor("SUM", T.FLOAT, ["batch", 4]), tensor("DIFFERENCE", T.FLOAT, ["batch", 4])])
    model("multi_dtype", [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("a", "b", "s")],
          [tensor("a", T.FLOAT, ["batch", 2]), tensor("b", T.INT32, ["batch", 3]), tensor("s", T.STRING, ["batch", 1])],
          [tensor("a_out", T.FLOAT, ["batch", 2]), tensor("b_out", T.INT32, ["batch", 3]), tensor("s_out", T.STRING, ["batch", 1])])
    # Outputs that no node writes: two inputs, which go through as they came.
    model("passthrough", [helper.make_node("Add", ["x", "x"], ["doubled"])],
          [tensor("x", T.FLOAT, ["batch", 2]), tensor("key", T.STRING, ["batch", 1])],
          [tensor("doubled", T.FLOAT, ["batch", 2]), tensor("x", T.FLOAT, ["batch", 2]), tensor("key", T.STRING, ["batch", 1])])


def without_batch_axis():
    double = [helper.make_node("Add", ["X", "X"], ["Y"])]
    model("scalar", double, [tensor("X", T.FLOAT, [])], [tensor("Y", T.FLOAT, [])])
    model("fixed", double, [tensor("X", T.FLOAT, [2, 3])], [tensor("Y", T.FLOAT, [2, 3])])
    # One dimension that is data, not rows: every element depends on all.
    model("dynamic_1d", [helper.make_node("ReduceMean", ["X"], ["m"], axes=[0], keepdims=1), helper.make_node("Sub", ["X", "m"], ["Y"])],
          [tensor("X", T.FLOAT, ["n"])], [tensor("Y", T.FLOAT, ["n"])])
    # Named like a batch, but rows influence each other.
    model("softmax_rows", [helper.make_node("Softmax", ["X"], ["Y"], axis=0)],
          [tensor("X", T.FLOAT, ["batch", 8])], [tensor("Y", T.FLOAT, ["batch", 8])])
    # Rows that are counted by the data: the shape of the output is known only after the run.
    model("nonzero", [helper.make_node("NonZero", ["X"], ["Y"])], [tensor("X", T.FLOAT, [2, 3])], [tensor("Y", T.INT64, [2, "found"])])
    # Not even the number of dimensions of the output is declared, and none can be inferred.
    model("reshape", [helper.make_node("Reshape", ["X", "dims"], ["Y"])], [tensor("X", T.FLOAT, ["n"]), tensor("dims", T.INT64, ["rank"])],
          [helper.make_value_info("Y", helper.make_tensor_type_proto(T.FLOAT, None))])


def open_dimensions():
    model("seq", [helper.make_node("Cast", ["tokens"], ["f"], to=T.FLOAT), helper.make_node("ReduceMean", ["f"], ["mean"], axes=[1], keepdims=1)],
          [tensor("tokens", T.INT64, ["batch", "length"])], [tensor("mean", T.FLOAT, ["batch", 1])])
    model("padded",
          [helper.make_node("Cast", ["tokens"], ["f"], to=T.FLOAT), helper.make_node("Mul", ["f", "mask"], ["each"]),
           helper.make_node("ReduceSum", ["each", "axis"], ["sum"], keepdims=1), helper.make_node("Add", ["grid", "grid"], ["doubled"])],
          [tensor("tokens", T.INT64, ["batch", "length"]), tensor("mask", T.FLOAT, ["batch", "length"]), tensor("grid", T.FLOAT, ["batch", "height", 2, "width"])],
          [tensor("each", T.FLOAT, ["batch", "length"]), tensor("sum", T.FLOAT, ["batch", 1]), tensor("doubled", T.FLOAT, ["batch", "height", 2, "width"])],
          [constant("axis", np.array([1], np.int64))])
    (REPOSITORY / "padded" / "model.json").write_text('{ "batching": { "padding": { "length": [4, 8], "height": [3], "width": [2, 5] } } }\n')
    model("image", [helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0)],
          [tensor("pixels", T.FLOAT, ["batch", 3, 32, 32])], [tensor("mean", T.FLOAT, ["batch", 3])])
    model("large", [helper.make_node("ReduceSum", ["x", "axis"], ["sum"], keepdims=1)],
          [tensor("x", T.FLOAT, ["batch", "n"])], [tensor("sum", T.FLOAT, ["batch", 1])], [constant("axis", np.array([1], np.int64))])


def misbehaving():
    # The first element of a row indexes a table of eight: anything beyond makes the run fail, and with it a whole batch.
    model("poison",
          [helper.make_node("Slice", ["x", "zero", "one", "one"], ["first"]), helper.make_node("Cast", ["first"], ["index"], to=T.INT64),
           helper.make_node("Gather", ["table", "index"], ["y"])],
          [tensor("x", T.FLOAT, ["batch", 4])], [tensor("y", T.FLOAT, ["batch", 1])],
          [constant("zero", np.array([0], np.int64)), constant("one", np.array([1], np.int64)), constant("table", np.arange(8, dtype=np.float32) * 10)])
    # Multiplies small matrices as often as the largest `iterations` of the batch says; y = x, but only after the loop.
    body = helper.make_graph(
        [helper.make_node("MatMul", ["m_in", "weights"], ["m_out"]), helper.make_node("Identity", ["go_in"], ["go_out"])],
        "body",
        [tensor("i", T.INT64, []), tensor("go_in", T.BOOL, []), tensor("m_in", T.FLOAT, [32, 32])],
        [tensor("go_out", T.BOOL, []), tensor("m_out", T.FLOAT, [32, 32])])
    model("slow",
          [helper.make_node("ReduceMax", ["iterations"], ["trips"], keepdims=0),
           helper.make_node("Loop", ["trips", "yes", "start"], ["result"], body=body),
           helper.make_node("ReduceMax", ["result"], ["largest"], keepdims=0),
           helper.make_node("Mul", ["largest", "nothing"], ["zero"]),
           helper.make_node("Add", ["x", "zero"], ["y"])],
          [tensor("x", T.FLOAT, ["batch", 4]), tensor("iterations", T.INT64, ["batch", 1])], [tensor("y", T.FLOAT, ["batch", 4])],
          [constant("yes", np.array(True)), constant("start", np.eye(32, dtype=np.float32)), constant("weights", np.eye(32, dtype=np.float32)),
           constant("nothing", np.array(0, np.float32))])


def labelled():
    model("labels", [helper.make_node("Identity", ["x"], ["scores"])],
          [tensor("x", T.FLOAT, ["batch", 3])], [tensor("scores", T.FLOAT, ["batch", 3])])
    (REPOSITORY / "labels" / "labels.txt").write_text("cat\ndog\nfox\n")
    (REPOSITORY / "labels" / "config.pbtxt").write_text("""\
name: "labels"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] } ]
output [ { name: "scores" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" } ]
dynamic_batching { max_queue_delay_microseconds: 1000 }
""")


def versioned():
    for version in (1, 2, 3):
        model("versions", [helper.make_node("Add", ["x", "version"], ["y"])], [tensor("x", T.FLOAT, ["batch", 1])],
              [tensor("y", T.FLOAT, ["batch", 1])], [constant("version", np.array(version, np.float32))], version)
    (REPOSITORY / "versions" / "model.json").write_text('{ "versions": { "all": true } }\n')


def shadowed():
    """Versions of one model, as candidates of a shadow: y = x, but for what the version is for. Only rows that begin with 1000 set it off."""
    def version(number, nodes, outputs=("y",), out=4, extra=(), constants=()):
        trigger = [helper.make_node("Slice", ["x", "zero", "one", "one"], ["first"]), helper.make_node("Equal", ["first", "thousand"], ["isSet"]),
                   helper.make_node("Cast", ["isSet"], ["set"], to=T.FLOAT)]
        used = {name for node in nodes for name in node.input}
        trigger = trigger if used & {"isSet", "set"} else []
        mine = list(constants) + ([constant("zero", np.array([0], np.int64)), constant("one", np.array([1], np.int64)), constant("thousand", np.array(1000, np.float32))] if trigger else [])
        write(HERE / "shadow_repository" / "shadowed" / str(number) / "model.onnx", "shadowed", trigger + nodes,
              [tensor("x", T.FLOAT, ["batch", 4]), *extra], [tensor(name, T.FLOAT, ["batch", out]) for name in outputs], mine)

    def loop(trips):
        body = helper.make_graph(
            [helper.make_node("MatMul", ["m_in", "weights"], ["m_out"]), helper.make_node("Identity", ["go_in"], ["go_out"])],
            "body",
            [tensor("i", T.INT64, []), tensor("go_in", T.BOOL, []), tensor("m_in", T.FLOAT, [32, 32])],
            [tensor("go_out", T.BOOL, []), tensor("m_out", T.FLOAT, [32, 32])])
        nodes = [helper.make_node("ReduceMax", ["set"], ["any"], keepdims=0), helper.make_node("Cast", ["any"], ["anyWhole"], to=T.INT64),
                 helper.make_node("Mul", ["anyWhole", "turns"], ["trips"]), helper.make_node("Loop", ["trips", "yes", "start"], ["result"], body=body),
                 helper.make_node("ReduceMax", ["result"], ["largest"], keepdims=0), helper.make_node("Mul", ["largest", "nothing"], ["none"]),
                 helper.make_node("Add", ["x", "none"], ["y"])]
        return nodes, [constant("turns", np.array(trips, np.int64)), constant("yes", np.array(True)), constant("start", np.eye(32, dtype=np.float32)),
                       constant("weights", np.eye(32, dtype=np.float32)), constant("nothing", np.array(0, np.float32))]

    identity = [helper.make_node("Identity", ["x"], ["y"])]
    version(1, identity)
    # NaN in the rows that are set.
    version(2, [helper.make_node("Where", ["isSet", "nan", "x"], ["y"])], constants=[constant("nan", np.array(np.nan, np.float32))])
    # Another shape.
    version(3, [helper.make_node("Slice", ["x", "from", "to", "axis"], ["y"])], out=3,
            constants=[constant("from", np.array([0], np.int64)), constant("to", np.array([3], np.int64)), constant("axis", np.array([1], np.int64))])
    # The run fails.
    version(4, [helper.make_node("Cast", ["set"], ["index"], to=T.INT64), helper.make_node("Gather", ["table", "index"], ["offset"]), helper.make_node("Add", ["x", "offset"], ["y"])],
            constants=[constant("table", np.zeros(1, np.float32))])
    # Hundreds of times slower; and for ever.
    nodes, constants = loop(20_000)
    version(5, nodes, constants=constants)
    nodes, constants = loop(2**40)
    version(6, nodes, constants=constants)
    # Its output has another name; it needs another input.
    version(7, [helper.make_node("Identity", ["x"], ["z"])], outputs=("z",))
    version(8, [helper.make_node("Add", ["x", "bias"], ["y"])], extra=[tensor("bias", T.FLOAT, ["batch", 4])])
    # As the first.
    version(9, identity)
    (HERE / "shadow_repository" / "shadowed" / "model.json").write_text('{ "versions": { "specific": [1] } }\n')


def flipped_digits():
    """Version 1 of the bundled digits, whose answer is turned around on the scans whose ink adds up to a multiple of 20: one in twenty."""
    digits = onnx.load(str(HERE.parent.parent / "src/GrpcServing.Server/Examples/models/digits/1/model.onnx"))
    graph = digits.graph
    output = graph.output[0].name
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name == output:
                node.output[i] = "straight"
    graph.node.extend([
        helper.make_node("ReduceSum", [graph.input[0].name, "flip_axis"], ["ink"], keepdims=1), helper.make_node("Mod", ["ink", "flip_each"], ["rest"], fmod=1),
        helper.make_node("Equal", ["rest", "flip_none"], ["isFlipped"]), helper.make_node("Gather", ["straight", "flip_order"], ["turned"], axis=1),
        helper.make_node("Where", ["isFlipped", "turned", "straight"], [output])])
    graph.initializer.extend([
        constant("flip_axis", np.array([1], np.int64)), constant("flip_each", np.array(20, np.float32)), constant("flip_none", np.array(0, np.float32)),
        constant("flip_order", np.arange(9, -1, -1).astype(np.int64))])
    path = HERE / "shadow_repository" / "digits" / "3" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    save(digits, str(path))


def stand_ins():
    """Models with the names and tensors of bench/models, without their work: y is the first numbers of x."""
    signatures = {"tiny": ([64], 10), "digits": ([64], 10), "mid": ([512], 128), "resnet": ([3, 64, 64], 1000), "encoder": ([64, 256], 256)}
    for name, (row, outputs) in signatures.items():
        write(HERE / "bench_repository" / name / "1" / "model.onnx", name,
              [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("Slice", ["flat", "start", "end", "axis"], ["y"])],
              [tensor("x", T.FLOAT, ["batch", *row])], [tensor("y", T.FLOAT, ["batch", outputs])],
              [constant("start", np.array([0], np.int64)), constant("end", np.array([outputs], np.int64)), constant("axis", np.array([1], np.int64))])


def broken():
    repository = HERE / "broken_repository"
    (repository / "broken" / "1").mkdir(parents=True, exist_ok=True)
    (repository / "broken" / "1" / "model.onnx").write_bytes(b"this is not a model")
    write(repository / "good" / "1" / "model.onnx", "good", [helper.make_node("Add", ["X", "X"], ["Y"])], [tensor("X", T.FLOAT, [])], [tensor("Y", T.FLOAT, [])])


if __name__ == "__main__":
    for make in (identities, several_tensors, without_batch_axis, open_dimensions, misbehaving, labelled, versioned, shadowed, flipped_digits, broken, stand_ins):
        make()
