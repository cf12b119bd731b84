using Grpc.Core;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Shadowing;

namespace GrpcServing.Replaying;

/// <summary>Sends captured requests to a version and compares its answers with the recorded ones, as the shadow lane would.</summary>
/// <remarks>
/// The comparison and the test are the server's own code. So many requests are under way at once; their answers are compared in the order
/// of the file, so that the same file and the same model give the same result.
/// </remarks>
internal sealed class Replay(GRPCInferenceService.GRPCInferenceServiceClient server, string model, string version, int concurrency, BetaBinomialTest test)
{
    private readonly Queue<(CapturedRequest Captured, Task<ModelInferResponse> Answer)> _underWay = new();
    private PairComparer? _comparer;
    private ModelSpec? _recorded;
    private ModelSpec? _target;

    /// <summary>Requests read from the file.</summary>
    public long Requests { get; private set; }

    /// <summary>Those with a recorded answer, which were compared.</summary>
    public long Compared { get; private set; }

    /// <summary>Compared ones that the version answered with an error; they disagree.</summary>
    public long Errors { get; private set; }

    public long Disagreements => test.Ones;

    /// <summary>Compared ones that disagree now exactly if they did when they were captured.</summary>
    public long Reproduced { get; private set; }

    /// <summary>What the first error said; null without one.</summary>
    public string? FirstError { get; private set; }

    public BetaBinomialTest Test => test;

    /// <param name="progress">Called after each request.</param>
    public async Task RunAsync(IEnumerable<CapturedRequest> captured, Action progress, CancellationToken cancellation)
    {
        _target = await RemoteModel.FindAsync(server, model, version, cancellation).ConfigureAwait(false)
            ?? throw new InvalidDataException($"The server does not serve model '{model}'{(version.Length > 0 ? $" version {version}" : "")}.");
        foreach (var request in captured)
        {
            Requests++;
            if (_underWay.Count == concurrency) await CompareNextAsync(progress, cancellation).ConfigureAwait(false);
            _underWay.Enqueue((request, server.ModelInferAsync(Redirect(request.Request), cancellationToken: cancellation).ResponseAsync));
        }
        while (_underWay.Count > 0) await CompareNextAsync(progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>For another version, and asking for tensors where the caller asked for classes.</summary>
    private ModelInferRequest Redirect(ModelInferRequest request)
    {
        var redirected = request.Clone();
        (redirected.ModelName, redirected.ModelVersion) = (model, version);
        foreach (var output in redirected.Outputs) output.Parameters.Remove("classification");
        return redirected;
    }

    private async Task CompareNextAsync(Action progress, CancellationToken cancellation)
    {
        var (captured, pending) = _underWay.Dequeue();
        ModelInferResponse? answer = null;
        try
        {
            answer = await pending.ConfigureAwait(false);
        }
        catch (RpcException refused) when (refused.StatusCode is not (StatusCode.Unavailable or StatusCode.Cancelled))
        {
            FirstError ??= refused.Status.Detail;
        }
        if (captured.Primary is not null) await CompareAsync(captured, answer, cancellation).ConfigureAwait(false);
        progress();
    }

    private async Task CompareAsync(CapturedRequest captured, ModelInferResponse? answer, CancellationToken cancellation)
    {
        var first = captured.Request.Inputs.Count > 0 && captured.Request.Inputs[0].Shape.Count > 0 ? captured.Request.Inputs[0].Shape[0] : 1;
        if (_comparer is null)
        {
            _recorded = await RemoteModel.FindAsync(server, captured.Primary.ModelName, captured.Primary.ModelVersion, cancellation).ConfigureAwait(false) ?? RemoteModel.Guess(captured.Primary, first);
            _comparer = new PairComparer(_recorded, _target!, new ComparatorOptions());
        }
        var rows = _recorded!.HasBatchAxis ? (int)Math.Max(1, first) : 1;
        var disagrees = Disagrees(captured, answer, rows);
        Compared++;
        if (answer is null) Errors++;
        if (disagrees == captured.Disagreement) Reproduced++;
        test.Observe(disagrees);
    }

    private bool Disagrees(CapturedRequest captured, ModelInferResponse? answer, int rows)
    {
        if (answer is null) return _comparer!.CandidateFailed(rows).Disagrees;
        var (recorded, now) = (RecordedAnswer.Of(captured.Primary, _recorded!), RecordedAnswer.Of(answer, _target!));
        return _comparer!.Compare(recorded.View, now.View, rows).Disagrees;
    }
}
