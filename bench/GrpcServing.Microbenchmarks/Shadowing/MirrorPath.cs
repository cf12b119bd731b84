using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Shadowing;

namespace GrpcServing.Microbenchmarks.Shadowing;

/// <summary>An answered request to version 1 of digits through its shadow with version 2: from the tap to the end of the comparison, on all threads.</summary>
/// <remarks>The request and its answer are there before: what is counted is the shadow's alone, what it publishes for readers included.</remarks>
internal sealed class MirrorPath : MeasuredPath, IShadowObserver
{
    private const int RowBytes = 64 * sizeof(float);
    private const int Copies = 64;

    private readonly LoadedDigits _digits = new();
    private readonly ShadowRegistry _shadows;
    private readonly ShadowTap _tap;
    private readonly DecodedRequest _request;
    private readonly PendingRequest _answered;

    public MirrorPath()
    {
        _shadows = new ShadowRegistry(_digits.Repository, null, this, TimeProvider.System);
        var settings = new ShadowSettings { Candidate = 2, Primary = 1, ControlFraction = 0, MaxExecutionRatio = 0, MinDuration = TimeSpan.Zero, MaxAge = TimeSpan.FromMinutes(1) };
        var (error, session) = _shadows.StartAsync("digits", settings).GetAwaiter().GetResult();
        if (!error.IsNone) throw new InvalidOperationException(error.Message);
        var primary = session!.Primary;
        _tap = primary.Shadow!;
        _request = new DecodedRequest { Id = "", Body = _digits.Pool.Rent(RowBytes), Inputs = [new InputSlice(0, RowBytes)], Bucket = primary.Shapes.Only!, Rows = 1 };
        _request.Body.GetSpan().Clear();
        _answered = new PendingRequest(_request);
        error = primary.Lane.SubmitAsync(_answered, long.MaxValue, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        if (!error.IsNone) throw new InvalidOperationException(error.Message);
    }

    public override int Operations => Copies;

    public override bool IsOnOneThread => false;

    public override void Run()
    {
        for (var i = 0; i < Copies; i++) _tap.Offer(_request, _answered, ServingError.None);
        var wait = default(SpinWait);
        while (_tap.Copies > 0) wait.SpinOnce();
    }

    protected override void Dispose(bool disposing)
    {
        _shadows.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _answered.Result!.Release();
        _request.Release();
        _digits.Dispose();
    }

    void IShadowObserver.Started(ShadowSession session)
    {
        // The constructor waits for the start itself.
    }

    void IShadowObserver.StartFailed(string model, string reason) => throw new InvalidOperationException(reason);

    void IShadowObserver.Changed(ShadowSession session, ShadowReading before, ShadowReading now)
    {
        // The verdict is not what is measured.
    }

    void IShadowObserver.Ended(ShadowSession session, ShadowReading last)
    {
        if (last.Compared < last.Mirrored) throw new InvalidOperationException($"{last.Mirrored} requests were copied and {last.Compared} compared");
    }

    void IShadowObserver.Failed(ShadowSession session, Exception bug) => throw new InvalidOperationException("the shadow failed", bug);
}
