#!/usr/bin/env python3
"""Classifies handwritten digits by a running server. Needs grpcio, and stubs generated from protos/ on PYTHONPATH:

    python3 -m grpc_tools.protoc -Iprotos --python_out=stubs --grpc_python_out=stubs inference.proto model_config.proto
    PYTHONPATH=stubs python3 tests/clients/digits.py localhost:8001 src/GrpcServing.Server/Examples/digits-heldout.csv
"""
import csv
import struct
import sys

import grpc
import inference_pb2 as pb
import inference_pb2_grpc

ROWS = 50


def main(address, heldout):
    with open(heldout, newline="") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    with grpc.insecure_channel(address) as channel:
        stub = inference_pb2_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerReady(pb.ServerReadyRequest()).ready, "the server is not ready"

        metadata = stub.ModelMetadata(pb.ModelMetadataRequest(name="digits"))
        image = metadata.inputs[0]
        assert (image.name, image.datatype, list(image.shape)) == ("image", "FP32", [-1, 64]), metadata

        right = sum(classify(stub, rows[first:first + ROWS]) for first in range(0, len(rows), ROWS))
        print(f"{right} of {len(rows)} digits were read as their label says")


def classify(stub, rows):
    """How many of the rows (label, then 64 pixels) the model reads right."""
    request = pb.ModelInferRequest(model_name="digits")
    request.inputs.add(name="image", datatype="FP32", shape=[len(rows), 64])
    request.raw_input_contents.append(b"".join(struct.pack("<64f", *row[1:]) for row in rows))
    response = stub.ModelInfer(request, timeout=10)
    probabilities = struct.iter_unpack("<10f", response.raw_output_contents[0])
    return sum(ten.index(max(ten)) == row[0] for row, ten in zip(rows, probabilities))


if __name__ == "__main__":
    main(*sys.argv[1:])
