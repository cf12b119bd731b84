using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GrpcServing.Hosting;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Responding;
using GrpcServing.Shadowing;
using Proto = GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Endpoints;

/// <summary>grpcserving.admin.v1.ShadowAdmin. Any thread; one instance for all calls.</summary>
internal sealed class ShadowAdminService(ShadowRegistry shadows, ICaptureReader? captures, AdminAccess access, DrainState drain, TimeProvider time) : ShadowAdmin.ShadowAdminBase
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    public override async Task<Proto.ShadowStatus> StartShadow(StartShadowRequest request, ServerCallContext context)
    {
        access.Check(context);
        var errors = new List<string>();
        if (request.Model.Length == 0) errors.Add("model must be named");
        var settings = ShadowSettingsMessage.Read(request.Settings ?? new Proto.ShadowSettings(), errors);
        if (errors.Count > 0) throw Failure(StatusCode.InvalidArgument, string.Join("; ", errors));
        var (error, session) = await shadows.StartAsync(request.Model, settings).ConfigureAwait(false);
        if (!error.IsNone) throw Failure(CodeOf(error.Reason), error.Message);
        return await StatusAsync(session!).ConfigureAwait(false);
    }

    public override async Task<Proto.ShadowReport> StopShadow(StopShadowRequest request, ServerCallContext context)
    {
        access.Check(context);
        var session = await shadows.StopAsync(request.Model).ConfigureAwait(false) ?? throw NeverHadOne(request.Model);
        return await ReportAsync(session).ConfigureAwait(false);
    }

    public override async Task<ListShadowsResponse> ListShadows(ListShadowsRequest request, ServerCallContext context)
    {
        access.Check(context);
        var response = new ListShadowsResponse();
        foreach (var session in shadows.Sessions) response.Shadows.Add(await StatusAsync(session).ConfigureAwait(false));
        foreach (var failed in shadows.Failed) response.Shadows.Add(ShadowStatusMessage.Create(failed));
        return response;
    }

    public override async Task<Proto.ShadowStatus> GetShadow(GetShadowRequest request, ServerCallContext context)
    {
        access.Check(context);
        if (shadows.FindFailed(request.Model) is { } failed) return ShadowStatusMessage.Create(failed);
        return await StatusAsync(Find(request.Model)).ConfigureAwait(false);
    }

    public override async Task<Proto.ShadowReport> GetShadowReport(GetShadowReportRequest request, ServerCallContext context)
    {
        access.Check(context);
        return await ReportAsync(Find(request.Model)).ConfigureAwait(false);
    }

    public override async Task WatchShadow(WatchShadowRequest request, IServerStreamWriter<Proto.ShadowStatus> responseStream, ServerCallContext context)
    {
        access.Check(context);
        var errors = new List<string>();
        var interval = ShadowSettingsMessage.ReadDuration(request.Interval, "interval", DefaultInterval, errors);
        if (errors.Count == 0 && (interval < ShortestInterval || interval > LongestInterval)) errors.Add($"interval ({interval}) must be 100 ms to 1 hour");
        if (errors.Count > 0) throw Failure(StatusCode.InvalidArgument, errors[0]);
        var session = Find(request.Model);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, drain.Draining);
        while (!leaving.IsCancellationRequested)
        {
            var status = await StatusAsync(session).ConfigureAwait(false);
            await responseStream.WriteAsync(status, context.CancellationToken).ConfigureAwait(false);
            if (status.EndedAt is not null) return;
            using var next = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token);
            await Task.WhenAny(session.Ended, Task.Delay(interval, time, next.Token)).ConfigureAwait(false);
            await next.CancelAsync().ConfigureAwait(false);
        }
    }

    public override Task<SetCaptureResponse> SetCapture(SetCaptureRequest request, ServerCallContext context)
    {
        access.Check(context);
        if (!(request.Fraction is >= 0 and <= 1)) throw Failure(StatusCode.InvalidArgument, FormattableString.Invariant($"fraction ({request.Fraction}) must be a number, 0..1"));
        var session = Find(request.Model);
        if (session.Ended.IsCompleted) throw Failure(StatusCode.FailedPrecondition, $"the shadow of model '{CallerText.Clip(request.Model)}' has ended: requests are captured while one runs. Start it again");
        if (session.Capture is not { } capture) throw Failure(StatusCode.FailedPrecondition, "this server keeps no captures");
        capture.Fraction = request.Fraction;
        return Task.FromResult(new SetCaptureResponse());
    }

    public override async Task ReadCapture(ReadCaptureRequest request, IServerStreamWriter<CapturedRequest> responseStream, ServerCallContext context)
    {
        access.Check(context);
        if (captures is null) throw Failure(StatusCode.FailedPrecondition, "this server keeps no captures");
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, drain.Draining);
        await foreach (var captured in captures.ReadAsync(request.Model, request.DisagreementsOnly, leaving.Token).ConfigureAwait(false))
            await responseStream.WriteAsync(captured, leaving.Token).ConfigureAwait(false);
    }

    private static Task<Proto.ShadowStatus> StatusAsync(ShadowSession session) =>
        session.ReadAsync((_, reading) => ShadowStatusMessage.Create(session.Sides, reading));

    private Task<Proto.ShadowReport> ReportAsync(ShadowSession session) =>
        session.ReadAsync((tally, reading) => ShadowReportMessage.Create(session, tally, reading, Timestamp.FromDateTimeOffset(time.GetUtcNow())));

    private ShadowSession Find(string model) => shadows.Find(model) ?? throw NeverHadOne(model);

    private RpcException NeverHadOne(string model) => shadows.FindFailed(model) is { } failed
        ? Failure(StatusCode.FailedPrecondition, $"the shadow of model '{CallerText.Clip(model)}' could not be started: {failed.Reason}")
        : Failure(StatusCode.NotFound, $"model '{CallerText.Clip(model)}' has had no shadow since the server started. Start one with StartShadow (gserve shadow start), or \"shadow\" in its model.json");

    private static StatusCode CodeOf(ErrorReason reason) => reason switch
    {
        ErrorReason.NotFound => StatusCode.NotFound,
        ErrorReason.InvalidArgument => StatusCode.InvalidArgument,
        _ => StatusCode.FailedPrecondition,
    };

    private static RpcException Failure(StatusCode code, string message) => new(new Status(code, StatusText.Fit(message)));
}
