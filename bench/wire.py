"""The request that the scripts here send, as it is on the wire."""
import struct


def field(number, payload):
    size, length = len(payload), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if size == 0:
            return bytes([number << 3 | 2]) + length + payload


def digits_request():
    """A gRPC frame of a ModelInferRequest for one image."""
    tensor = field(1, b"image") + field(2, b"FP32") + field(3, bytes([1, 64]))
    message = field(1, b"digits") + field(5, tensor) + field(7, struct.pack("<64f", *[i % 16 for i in range(64)]))
    return b"\0" + struct.pack(">I", len(message)) + message
