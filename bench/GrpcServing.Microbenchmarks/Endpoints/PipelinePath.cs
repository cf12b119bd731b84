using System.Buffers;
using Grpc.Core;
using GrpcServing.Decoding;
using GrpcServing.Endpoints;
using GrpcServing.Hosting;
using GrpcServing.Microbenchmarks.Decoding;
using GrpcServing.Microbenchmarks.Responding;
using GrpcServing.Responding;
using GrpcServing.Routing;

namespace GrpcServing.Microbenchmarks.Endpoints;

/// <summary>The bytes of a request to the digits model to the bytes of its response: everything of the server but gRPC and Kestrel.</summary>
internal sealed class PipelinePath : ConcurrentPath<InferenceAnswer>
{
    private readonly LoadedDigits _digits = new();
    private readonly DrainState _drain = new();
    private readonly InferencePipeline _pipeline;
    private readonly ReadOnlySequence<byte> _message = Messages.Raw(64);
    private readonly DiscardedWire[] _wires;
    private readonly Marshaller<InferenceResponse> _marshaller;

    public PipelinePath(int callers)
        : base(callers)
    {
        _pipeline = new InferencePipeline(new Router(_digits.Repository), _drain, _digits.Metrics, TimeProvider.System);
        _wires = [.. Enumerable.Range(0, callers).Select(static _ => new DiscardedWire())];
        _marshaller = InferenceMethods.ModelInfer(_digits.Pool).ResponseMarshaller;
    }

    protected override ValueTask<InferenceAnswer> Begin(int caller) => _pipeline.RunAsync(WireReader.Read(_message, _digits.Pool), long.MaxValue, trace: null, CancellationToken.None);

    protected override void End(int caller, InferenceAnswer result)
    {
        if (result.Response is null) throw new InvalidOperationException(result.Error.Message);
        _marshaller.ContextualSerializer(result.Response, _wires[caller]);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _digits.Dispose();
        _drain.Dispose();
    }
}
