using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Microbenchmarks.Admission;

/// <summary>Lets a request into a lane and out again: circuit, bounds, deadline.</summary>
internal sealed class AdmitPath : MeasuredPath
{
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly TensorPool _pool = new();
    private readonly QueueBounds _bounds = new(4096, 256 << 20);
    private readonly CircuitBreaker _circuit;
    private readonly DeadlinePolicy _deadlines;
    private readonly PendingRequest _request;

    public AdmitPath()
    {
        _circuit = new CircuitBreaker(CircuitSettings.Requests, _time.TimestampFrequency);
        _deadlines = new DeadlinePolicy(new BatchingConfiguration(), TimeSpan.FromSeconds(1), _time.TimestampFrequency);
        _request = new PendingRequest(new DecodedRequest { Id = "", Body = _pool.Rent(256), Inputs = [new InputSlice(0, 256)], Bucket = new ShapeTable(Specs.Dense(64, 10)).Only!, Rows = 1 });
    }

    public override void Run()
    {
        var now = _time.GetTimestamp();
        if (!_circuit.TryEnter(now) || !_bounds.TryEnter(_request.Rows, _request.Request.InputBytes).IsNone) throw new InvalidOperationException("An empty lane refused a request.");
        _deadlines.Apply(_request, long.MaxValue, now);
        _bounds.Leave(_request.Rows, _request.Request.InputBytes);
    }

    protected override void Dispose(bool disposing)
    {
        _request.Request.Release();
        _pool.Dispose();
    }
}

public class AdmissionOneRequest : PathBenchmark
{
    private protected override MeasuredPath Create() => new AdmitPath();
}
