using System.Buffers;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks.Decoding;

/// <summary>Reads a request from its bytes and compares it with its model.</summary>
internal sealed class DecodePath : MeasuredPath
{
    private readonly TensorPool _pool = new();
    private readonly ReadOnlySequence<byte> _message;
    private readonly ModelSpec _spec;
    private readonly ShapeTable _shapes;

    public DecodePath(ModelSpec spec, ReadOnlySequence<byte> message)
    {
        (_spec, _message) = (spec, message);
        _shapes = new ShapeTable(spec);
    }

    public override void Run()
    {
        var request = WireReader.Read(_message, _pool);
        if (!RequestDecoder.TryDecode(request, _spec, _shapes, keepParameters: false, out var decoded, out var error)) throw new InvalidOperationException(error.Message);
        request.Release();
        decoded.Release();
    }

    protected override void Dispose(bool disposing) => _pool.Dispose();
}
