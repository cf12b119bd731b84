using System.Runtime.CompilerServices;
using GrpcServing.Endpoints;
using GrpcServing.Hosting;
using GrpcServing.Microbenchmarks.Decoding;
using GrpcServing.Responding;
using GrpcServing.Routing;
using Microsoft.Extensions.Configuration;

namespace GrpcServing.Microbenchmarks.Endpoints;

/// <summary>A ModelInfer call to the digits model, from the frame in its HTTP request to that in its response: everything of the server but Kestrel.</summary>
internal sealed class CallPath : ConcurrentPath<TaskAwaiter>
{
    private readonly LoadedDigits _digits = new();
    private readonly DrainState _drain = new();
    private readonly DirectInference _inference;
    private readonly StreamOfCalls[] _streams;

    /// <param name="timeout">Of each call, as its header says it; null for none.</param>
    public CallPath(int callers, string? timeout = null)
        : base(callers)
    {
        var options = ServingOptions.Read(new ConfigurationBuilder().Build(), out _);
        var pipeline = new InferencePipeline(new Router(_digits.Repository), _drain, _digits.Metrics, TimeProvider.System);
        _inference = new DirectInference(pipeline, _digits.Pool, new StatusMapping(StatusCodeSet.Standard), _digits.Metrics, options, TimeProvider.System);
        var frame = Messages.Framed(Messages.Raw(64));
        _streams = [.. Enumerable.Range(0, callers).Select(_ => new StreamOfCalls(frame, timeout))];
    }

    protected override TaskAwaiter Begin(int caller) => _streams[caller].CallAsync(_inference).GetAwaiter();

    protected override bool IsCompleted(in TaskAwaiter awaiter) => awaiter.IsCompleted;

    protected override void End(int caller, TaskAwaiter awaiter)
    {
        awaiter.GetResult();
        _streams[caller].MustHaveSucceeded();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _digits.Dispose();
        _drain.Dispose();
    }
}
