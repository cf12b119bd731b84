using System.Buffers;
using Google.Protobuf;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Protos;
using static GrpcServing.Tests.Decoding.DecoderHarness;

namespace GrpcServing.Tests.Decoding;

/// <summary>The budget of reading and decoding one request, bytes to <see cref="Routing.DecodedRequest"/>.</summary>
[Collection(RunsAlone.Name)]
public sealed class DecodeAllocationTests : IDisposable
{
    private const int Calls = 1000;
    private readonly TensorPool _pool = new();

    public void Dispose()
    {
        Assert.Equal(_pool.Rented, _pool.Returned);
        _pool.Dispose();
    }

    /// <summary>The decoded request (88 bytes) and the slices of its one input (32).</summary>
    [Fact]
    public void ReadAndDecode_DigitsWithoutId_TwoObjects() => Assert.InRange(BytesPerCall(Digits(id: "")), 1, 120);

    /// <summary>As above, and the id: 22 bytes and two for each of its characters, rounded up to 8.</summary>
    [Fact]
    public void ReadAndDecode_DigitsWithId_ThreeObjects() => Assert.InRange(BytesPerCall(Digits(id: "0123456789")), 1, 168);

    private long BytesPerCall(byte[] message)
    {
        var spec = Spec(64, [Tensor("pixels", TensorDataType.Fp32, 64)], Tensor("scores", TensorDataType.Fp32, 10));
        var shapes = new ShapeTable(spec);
        var payload = new ReadOnlySequence<byte>(message);
        for (var i = 0; i < 200; i++) Decode();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++) Decode();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;

        void Decode()
        {
            var request = WireReader.Read(payload, _pool);
            if (!RequestDecoder.TryDecode(request, spec, shapes, keepParameters: false, out var decoded, out var error)) Assert.Fail(error.Message);
            request.Release();
            decoded.Release();
        }
    }

    private static byte[] Digits(string id) => new ModelInferRequest
    {
        ModelName = "digits",
        ModelVersion = "1",
        Id = id,
        Inputs = { Input("pixels", "FP32", 1, 64) },
        Outputs = { new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "scores" } },
        RawInputContents = { ByteString.CopyFrom(new byte[256]) },
    }.ToByteArray();
}
