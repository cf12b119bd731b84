using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Batching;

public class ShadowLaneTests
{
    [Fact]
    public async Task SubmitAsync_DeviceRests_RunsAndSaysWhatItsRunWas()
    {
        await using var lane = new ShadowFixture();

        var (rows, answer) = await lane.InTimeAsync(lane.CopyAsync([1, 2]));

        AssertRows(rows, 2, 3);
        Assert.Equal((2, 2), (answer.Run.Rows, answer.Run.PaddedRows));
        Assert.Equal(0, lane.Shadow.Copies);
        Assert.Equal(0, lane.Shadow.Bytes);
    }

    [Fact]
    public async Task SubmitAsync_RunsAlone_ItsRowsAreCopiedSinceTheRunMayOutliveThem()
    {
        await using var lane = new ShadowFixture();
        lane.Candidate.Borrows = true;

        var (rows, _) = await lane.InTimeAsync(lane.CopyAsync([1, 2]));

        AssertRows(rows, 2, 3);
        Assert.Equal(0, lane.Candidate.Borrowed);
    }

    [Fact]
    public async Task SubmitAsync_PrimaryRuns_CopiesWaitForItAndShareABatch()
    {
        await using var lane = new ShadowFixture();
        var (request, copies) = await WaitBehindAPrimaryAsync(lane, [[1], [2, 3], [4]]);
        Assert.False(await lane.Candidate.StartsSoonAsync());
        Assert.Equal(3, lane.Shadow.Copies);

        lane.Primary.Release();

        AssertRows(await request, 11);
        AssertRows((await lane.InTimeAsync(copies[1])).Rows, 3, 4);
        Assert.Equal([4], lane.Candidate.Runs);
    }

    [Fact]
    public async Task SubmitAsync_PrimaryComes_RunIsEndedAndTheCopyRunsAgainLater()
    {
        await using var lane = new ShadowFixture();
        lane.Candidate.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        // Answered at once: time stands still.
        AssertRows(await lane.SendAsync(10), 11);
        await lane.Candidate.AskedToEndAsync();
        lane.Candidate.RunsFreely = true;
        // It may be in its second run already.
        lane.Candidate.Release();

        var (rows, answer) = await lane.InTimeAsync(copy);
        Assert.Equal((CopyDrop.None, ServingError.None), (answer.Drop, answer.Error));
        AssertRows(rows, 2);
        Assert.Equal(1, answer.Run.Rows);
        Assert.Equal(1, lane.Shadow.Runs.Preempted);
        Assert.Equal(2, lane.Shadow.Runs.Started);
    }

    [Fact]
    public async Task SubmitAsync_RunEndsSoonEnough_GoesOnBesideThePrimary()
    {
        await using var lane = new ShadowFixture(new ShadowLaneSettings { MaxPrimaryDelay = TimeSpan.FromMilliseconds(1) });
        lane.Candidate.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        AssertRows(await lane.SendAsync(10), 11);
        lane.Candidate.Release();

        // Time stands still: beyond its plan the run would be ended.
        AssertRows((await copy).Rows, 2);
        Assert.Equal(0, lane.Shadow.Runs.Preempted);
    }

    [Fact]
    public async Task SubmitAsync_RunBesideAPrimaryOutlastsItsPlan_IsEnded()
    {
        await using var lane = new ShadowFixture(new ShadowLaneSettings { MaxPrimaryDelay = TimeSpan.FromMilliseconds(1) });
        lane.Candidate.RunsFreely = false;
        lane.Primary.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();
        var request = lane.SendAsync(10);
        await lane.Primary.StartedAsync();

        await lane.InTimeAsync(Asked(lane.Candidate), step: 1);

        lane.Candidate.RunsFreely = true;
        lane.Primary.Release();
        AssertRows(await request, 11);
        AssertRows((await lane.InTimeAsync(copy)).Rows, 2);
    }

    [Fact]
    public async Task SubmitAsync_OneCopyMakesTheRunFail_OnlyThatOneIsAnError()
    {
        await using var lane = new ShadowFixture();
        var (request, copies) = await WaitBehindAPrimaryAsync(lane, [[1], [2], [-1], [3]]);
        lane.Primary.Release();
        await request;

        AssertRows((await lane.InTimeAsync(copies[0])).Rows, 2);
        AssertRows((await lane.InTimeAsync(copies[1])).Rows, 3);
        AssertRows((await lane.InTimeAsync(copies[3])).Rows, 4);
        var (_, answer) = await lane.InTimeAsync(copies[2]);
        Assert.Equal((CopyDrop.None, ErrorReason.ExecutionFailed), (answer.Drop, answer.Error.Reason));
        // Four, the halves, then the guilty half one by one.
        Assert.Equal([4, 2, 2, 1, 1], lane.Candidate.Runs);
    }

    [Fact]
    public async Task SubmitAsync_CandidateAlwaysFails_BreakerTurnsCopiesAway()
    {
        await using var lane = new ShadowFixture();
        for (var i = 0; i < 5; i++) Assert.Equal(ErrorReason.ExecutionFailed, (await lane.InTimeAsync(lane.CopyAsync([-1]))).Answer.Error.Reason);

        Assert.Equal(CopyDrop.Breaker, (await lane.InTimeAsync(lane.CopyAsync([1]))).Answer.Drop);
        Assert.True(lane.Shadow.IsBreakerOpen);
        lane.Advance(30_000);
        AssertRows((await lane.InTimeAsync(lane.CopyAsync([1]))).Rows, 2);
        Assert.False(lane.Shadow.IsBreakerOpen);
    }

    [Fact]
    public async Task SubmitAsync_RunTakesFarTooLong_IsEndedAndCountsAsAnError()
    {
        await using var lane = new ShadowFixture();
        lane.Candidate.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        var (_, answer) = await lane.InTimeAsync(copy, step: 100);

        Assert.Equal((CopyDrop.None, ErrorReason.ExecutionFailed), (answer.Drop, answer.Error.Reason));
        Assert.Equal(1, lane.Shadow.Runs.Overdue);
        Assert.Contains("overdue", lane.Told);
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("cpu")]
    public async Task SubmitAsync_RunHangs_ItsCopyIsAnErrorAndPrimariesAreServed(string device)
    {
        await using var lane = new ShadowFixture(device: device);
        var copy = await HangAsync(lane);
        AssertRows(await lane.SendAsync(10), 11);

        var (_, answer) = await lane.InTimeAsync(copy, step: 100);

        Assert.Equal((CopyDrop.None, ErrorReason.ExecutionFailed), (answer.Drop, answer.Error.Reason));
        Assert.Contains("hangs", answer.Error.Message, StringComparison.Ordinal);
        Assert.Equal(1, lane.Shadow.Runs.Lost);
        Assert.Contains("lost", lane.Told);
        AssertRows(await lane.SendAsync(20), 21);
        Assert.Equal(CopyDrop.Breaker, (await lane.CopyAsync([2])).Answer.Drop);
        // The probe, half a minute later, finds nothing to run on.
        lane.Advance(30_000);
        Assert.Equal(CopyDrop.Stale, (await lane.InTimeAsync(lane.CopyAsync([2]), step: 100)).Answer.Drop);
        lane.Candidate.Release();
    }

    [Fact]
    public async Task SubmitAsync_HungRunEndsAfterAll_TheLaneRunsAgain()
    {
        await using var lane = new ShadowFixture();
        var copy = await HangAsync(lane);
        await lane.InTimeAsync(copy, step: 100);

        lane.Candidate.Hangs = false;
        lane.Candidate.RunsFreely = true;
        lane.Candidate.Release();
        lane.Advance(30_000);

        AssertRows((await lane.InTimeAsync(lane.CopyAsync([2]))).Rows, 3);
        Assert.Equal(0, lane.Shadow.Runs.Lost);
        Assert.Contains("recovered", lane.Told);
    }

    [Fact]
    public async Task RetireAsync_RunHangs_ReturnsAndKeepsTheModel()
    {
        var lane = new ShadowFixture();
        var copy = await HangAsync(lane);

        await lane.DisposeAsync();

        Assert.False(lane.IsModelDisposed);
        Assert.False(lane.Candidate.IsDisposed);
        Assert.True(lane.Primary.IsDisposed);
        Assert.NotEqual(ErrorReason.None, (await copy).Answer.Error.Reason);
        Assert.Equal(lane.Pool.Rented, lane.Pool.Returned);
        lane.Candidate.Release();
    }

    [Fact]
    public async Task RetireAsync_CopiesWaitAndRun_DropsThemAndGivesTheMemoryBack()
    {
        var lane = new ShadowFixture();
        lane.Candidate.RunsFreely = false;
        var running = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();
        var waiting = lane.CopyAsync([2]);

        await lane.DisposeAsync();

        Assert.Equal(CopyDrop.Stopped, (await running).Answer.Drop);
        Assert.Equal(CopyDrop.Stopped, (await waiting).Answer.Drop);
        Assert.Equal(CopyDrop.Stopped, (await lane.CopyAsync([3])).Answer.Drop);
        Assert.True(lane.IsModelDisposed);
        Assert.True(lane.Candidate.IsDisposed);
        Assert.Null(lane.Version.OpenShadowLane(new ShadowLaneSettings()));
        Assert.Equal(lane.Pool.Rented, lane.Pool.Returned);
    }

    [Fact]
    public async Task OpenShadowLane_ModelHasThreadsOfItsOwn_CopiesRunOnOneThatHasNone()
    {
        var loaded = new List<ScriptedModel>();
        var lane = new ShadowFixture(copies: new CopyModel(() =>
        {
            loaded.Add(new ScriptedModel());
            return loaded[^1];
        }, Slowdown: 2));

        var (rows, _) = await lane.InTimeAsync(lane.CopyAsync([1]));
        AssertRows(rows, 2);
        Assert.Equal([1], loaded[0].Next.Runs);
        Assert.Empty(lane.Candidate.Runs);
        var second = lane.Version.OpenShadowLane(new ShadowLaneSettings())!;
        await lane.Shadow.DisposeAsync();
        Assert.False(loaded[0].IsDisposed);
        await second.DisposeAsync();
        Assert.True(loaded[0].IsDisposed);

        await lane.Version.OpenShadowLane(new ShadowLaneSettings())!.DisposeAsync();
        Assert.Equal([true, true], loaded.Select(static model => model.IsDisposed));
        Assert.Equal(ShadowSettings.DefaultControlFraction, new ShadowSettings { Candidate = 2, ControlFraction = 0 }.For(lane.Version).ControlFraction);
        Assert.Equal(0.5, new ShadowSettings { Candidate = 2, ControlFraction = 0.5 }.For(lane.Version).ControlFraction);
        Assert.False(lane.IsModelDisposed);
        await lane.DisposeAsync();
        Assert.True(lane.IsModelDisposed);
    }

    [Fact]
    public async Task SubmitAsync_BoundsReached_SaysWhich()
    {
        await using var lane = new ShadowFixture(new ShadowLaneSettings { MaxQueueRequests = 2, MaxQueueBytes = 8 });
        lane.Candidate.RunsFreely = false;
        var running = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        Assert.Equal(CopyDrop.Bytes, (await lane.CopyAsync([2, 3])).Answer.Drop);
        var waiting = lane.CopyAsync([2]);
        Assert.Equal(CopyDrop.QueueFull, (await lane.CopyAsync([3])).Answer.Drop);

        Assert.Equal((2L, 8L), (lane.Shadow.Copies, lane.Shadow.Bytes));
        lane.Candidate.RunsFreely = true;
        lane.Candidate.Release();
        AssertRows((await lane.InTimeAsync(running)).Rows, 2);
        AssertRows((await lane.InTimeAsync(waiting)).Rows, 3);
    }

    [Fact]
    public async Task SubmitAsync_PrimaryNeverRests_IsDroppedAsBusy()
    {
        await using var lane = new ShadowFixture();
        var (request, copies) = await WaitBehindAPrimaryAsync(lane, [[1]]);

        Assert.Equal(CopyDrop.Busy, (await lane.InTimeAsync(copies[0], step: 100)).Answer.Drop);

        lane.Primary.Release();
        await request;
        Assert.Empty(lane.Candidate.Runs);
    }

    [Fact]
    public async Task SubmitAsync_CutShortAndThenTooOld_IsDroppedAsPreempted()
    {
        await using var lane = new ShadowFixture();
        lane.Candidate.RunsFreely = false;
        lane.Primary.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();
        var request = lane.SendAsync(10);
        await lane.Primary.StartedAsync();

        Assert.Equal(CopyDrop.Preempted, (await lane.InTimeAsync(copy, step: 100)).Answer.Drop);

        lane.Primary.Release();
        AssertRows(await request, 11);
    }

    [Fact]
    public async Task SubmitAsync_OtherCopiesTakeTheTime_IsDroppedAsStale()
    {
        await using var lane = new ShadowFixture(new ShadowLaneSettings { MaxAge = TimeSpan.FromMilliseconds(500) });
        lane.Candidate.RunsFreely = false;
        var running = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        Assert.Equal(CopyDrop.Stale, (await lane.InTimeAsync(lane.CopyAsync([2]))).Answer.Drop);

        lane.Candidate.Release();
        AssertRows((await lane.InTimeAsync(running)).Rows, 2);
    }

    [Fact]
    public async Task SubmitAsync_Cancelled_FreesItsPlaceAtOnce()
    {
        await using var lane = new ShadowFixture();
        using var cancellation = new CancellationTokenSource();
        lane.Candidate.RunsFreely = false;
        var running = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();
        var waiting = lane.CopyAsync([2], cancellation.Token);

        await cancellation.CancelAsync();

        Assert.Equal(CopyDrop.Stopped, (await waiting).Answer.Drop);
        Assert.Equal(1, lane.Shadow.Copies);
        lane.Candidate.Release();
        await lane.InTimeAsync(running);
    }

    [Fact]
    public async Task IsSuspended_WhileACopyRuns_EndsItAndStartsNoneUntilSetBack()
    {
        await using var lane = new ShadowFixture();
        lane.Candidate.RunsFreely = false;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();

        lane.Devices.IsSuspended = true;
        await lane.Candidate.AskedToEndAsync();
        lane.Candidate.RunsFreely = true;
        lane.Advance(100);
        Assert.False(await lane.Candidate.StartsSoonAsync());
        Assert.Equal(0, lane.Shadow.Share);

        lane.Devices.IsSuspended = false;
        AssertRows((await lane.InTimeAsync(copy)).Rows, 2);
        Assert.Equal(1, lane.Shadow.Share);
    }

    [Fact]
    public async Task Share_PrimariesSufferFromCopies_IsHalved()
    {
        await using var lane = new ShadowFixture();
        lane.Primary.RunsFreely = false;
        // Requests wait 2 ms while copies may run, and not at all while they are held off.
        for (var second = 1; second <= ShadowThrottle.SecondsPerJudgement; second++)
        {
            for (var i = 0; i < 20 && second < ShadowThrottle.SecondsPerJudgement; i++)
            {
                var running = lane.SendAsync(1);
                await lane.Primary.StartedAsync();
                var waits = lane.SendAsync(2);
                if (!ShadowThrottle.IsOff(second - 1)) lane.Advance(2);
                lane.Primary.Release();
                await lane.Primary.StartedAsync();
                lane.Primary.Release();
                await Task.WhenAll(running, waits);
            }
            lane.Time.SetUtcNow(lane.Time.Start.AddSeconds(second));
        }

        // A thread that sets a timer just then calls the other timers in our place.
        await lane.UntilAsync(() => lane.Shadow.Share == 0.5);
    }

    [Fact]
    public async Task SubmitAsync_OnTheProcessor_MeasuresTheTimeOfItsThread()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The clock of a thread is Linux's here.");
        await using var lane = new ShadowFixture(device: "cpu");

        var (_, answer) = await lane.InTimeAsync(lane.CopyAsync([1]));

        Assert.True(answer.Run.CpuTicks > 0);
        Assert.Equal(answer.Run.CpuTicks, answer.Run.TicksPerRow);
    }

    /// <summary>Lets a primary run, and copies come meanwhile.</summary>
    private static async Task<(Task<float[]> Request, Task<(float[] Rows, CopyAnswer Answer)>[] Copies)> WaitBehindAPrimaryAsync(ShadowFixture lane, float[][] copies)
    {
        lane.Primary.RunsFreely = false;
        var request = lane.SendAsync(10);
        await lane.Primary.StartedAsync();
        Task<(float[] Rows, CopyAnswer Answer)>[] waiting = [.. copies.Select(copy => lane.CopyAsync(copy))];
        await lane.UntilAsync(() => lane.Shadow.WaitingCopies == copies.Length);
        return (request, waiting);
    }

    private static async Task<Task<(float[] Rows, CopyAnswer Answer)>> HangAsync(ShadowFixture lane)
    {
        lane.Candidate.RunsFreely = false;
        lane.Candidate.Hangs = true;
        var copy = lane.CopyAsync([1]);
        await lane.Candidate.StartedAsync();
        return copy;
    }

    private static async Task<bool> Asked(ScriptedExecutor executor)
    {
        await executor.AskedToEndAsync();
        return true;
    }

    private static void AssertRows(float[] rows, params float[] expected) => Assert.Equal(expected, rows);
}
