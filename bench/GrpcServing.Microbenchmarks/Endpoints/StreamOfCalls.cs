using System.Buffers;
using System.IO.Pipelines;
using GrpcServing.Endpoints;
using GrpcServing.Microbenchmarks.Responding;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace GrpcServing.Microbenchmarks.Endpoints;

/// <summary>An HTTP/2 stream that brings the same ModelInfer call again and again, and forgets what is written: Kestrel's, without Kestrel.</summary>
internal sealed class StreamOfCalls : PipeReader, IRequestBodyPipeFeature, IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IPersistentStateFeature
{
    private static readonly RequestDelegate Unexpected = static _ => throw new InvalidOperationException("The call was left to others.");

    private readonly CancellationTokenSource _aborted = new();
    private readonly ReadOnlySequence<byte> _frame;
    private readonly DefaultHttpContext _http;
    private readonly DiscardedWire _wire = new();

    public StreamOfCalls(in ReadOnlySequence<byte> frame, string? timeout)
    {
        _frame = frame;
        var features = new FeatureCollection();
        var request = new HttpRequestFeature { Protocol = "HTTP/2", Method = "POST", Path = "/inference.GRPCInferenceService/ModelInfer" };
        request.Headers.ContentType = "application/grpc";
        if (timeout is not null) request.Headers.GrpcTimeout = timeout;
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = _aborted.Token });
        features.Set<IRequestBodyPipeFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IHttpResponseTrailersFeature>(this);
        features.Set<IPersistentStateFeature>(this);
        _http = new DefaultHttpContext(features);
    }

    public PipeReader Reader => this;

    public Stream Stream => throw new NotSupportedException();

    public PipeWriter Writer => _wire.Pipe;

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public IDictionary<object, object?> State { get; } = new Dictionary<object, object?>();

    public Task CallAsync(DirectInference inference)
    {
        Trailers.Clear();
        return inference.InvokeAsync(_http, Unexpected);
    }

    public void MustHaveSucceeded()
    {
        if (Trailers.GrpcStatus != "0") throw new InvalidOperationException($"{_http.Response.Headers.GrpcMessage}");
    }

    public override bool TryRead(out ReadResult result)
    {
        result = new ReadResult(_frame, isCanceled: false, isCompleted: true);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        TryRead(out var result);
        return new ValueTask<ReadResult>(result);
    }

    public override void AdvanceTo(SequencePosition consumed)
    {
        // The next call brings the same.
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // The next call brings the same.
    }

    public override void CancelPendingRead() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null) => throw new NotSupportedException();

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CompleteAsync() => Task.CompletedTask;

    public void DisableBuffering()
    {
        // Nothing is.
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
