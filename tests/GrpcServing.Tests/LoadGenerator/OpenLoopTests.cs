using Grpc.Core;
using GrpcServing.LoadGenerator;

namespace GrpcServing.Tests.LoadGenerator;

[Collection(RunsAlone.Name)]
public sealed class OpenLoopTests
{
    /// <summary>The client itself stands still for a while: what it should have sent meanwhile counts from then.</summary>
    [Fact]
    public async Task RunAsync_WhenSendingIsHeldUp_CountsFromTheIntendedTime()
    {
        using var never = new ManualResetEventSlim();
        var sent = 0;
        var loop = new OpenLoop(_ =>
        {
            if (sent++ == 0) never.Wait(TimeSpan.FromMilliseconds(300), CancellationToken.None);
            return Task.FromResult(StatusCode.OK);
        }, new LoadOptions { Warmup = 0, Duration = 0.2 }, TimeProvider.System);

        var report = await loop.RunAsync([new Intended(0.01, 0), new Intended(0.05, 0.1), new Intended(0.06, 0.1), new Intended(0.07, 1)]);

        // Late for two of them, by about 150 ms.
        Assert.Equal((4, 2, 2), (report.Offered, report.OnTime, report.Late));
        Assert.InRange(report.LatencyMilliseconds.P50, 200, 1000);
        Assert.InRange(report.SendLagP99Milliseconds, 200, 1000);
    }

    [Fact]
    public async Task RunAsync_OfStatuses_CountsEachOnceAndNoErrorAsOnTime()
    {
        var statuses = new Queue<StatusCode>([StatusCode.OK, StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted, StatusCode.OK]);
        var loop = new OpenLoop(_ => Task.FromResult(statuses.Dequeue()), new LoadOptions { Warmup = 0.015, Duration = 1 }, TimeProvider.System);

        // The first belongs to the warm-up.
        var report = await loop.RunAsync([new Intended(0.01, 0), new Intended(0.02, 0), new Intended(0.03, 0), new Intended(0.04, 0)]);

        Assert.Equal((3, 1), (report.Offered, report.OnTime));
        Assert.Equal(new Dictionary<string, long> { ["DeadlineExceeded"] = 1, ["OK"] = 1, ["ResourceExhausted"] = 1 }, report.Statuses);
    }

    [Fact]
    public async Task RunAsync_WithADeadline_SendsItFromTheIntendedTime()
    {
        var deadlines = new List<DateTime?>();
        var loop = new OpenLoop(deadline =>
        {
            deadlines.Add(deadline);
            return Task.FromResult(StatusCode.OK);
        }, new LoadOptions { Warmup = 0, Duration = 1 }, TimeProvider.System);

        await loop.RunAsync([new Intended(0.01, 0.5), new Intended(0.02, 0.5), new Intended(0.03, 0)]);

        Assert.Equal(TimeSpan.FromMilliseconds(10), deadlines[1] - deadlines[0]);
        Assert.Null(deadlines[2]);
    }
}
