using GrpcServing.Models;

namespace GrpcServing.Tests.Batching;

public class LaneTests
{
    [Fact]
    public async Task SubmitAsync_SeveralWhileBusy_ShareABatchAndGetTheirOwnRows()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        var first = lane.SendAsync([10]);
        await lane.Executor.StartedAsync();
        var others = new[] { lane.SendAsync([1, 2]), lane.SendAsync([3]), lane.SendAsync([4, 5, 6]) };
        lane.Executor.Release();
        await lane.Executor.StartedAsync();
        lane.Executor.Release();

        AssertRows((await first).Rows, 11);
        AssertRows((await others[0]).Rows, 2, 3);
        AssertRows((await others[1]).Rows, 4);
        AssertRows((await others[2]).Rows, 5, 6, 7);
        Assert.Equal([1, 6], lane.Executor.Runs);
    }

    [Fact]
    public async Task SubmitAsync_RunsAlone_ItsRowsStayWhereTheyAre()
    {
        await using var lane = new LaneFixture();
        lane.Executor.Borrows = true;

        AssertRows((await lane.SendAsync([1, 2])).Rows, 2, 3);
        Assert.Equal(1, lane.Executor.Borrowed);

        lane.Executor.RunsFreely = false;
        var first = lane.SendAsync([10]);
        await lane.Executor.StartedAsync();
        await lane.Executor.StartedAsync();
        var two = new[] { lane.SendAsync([3]), lane.SendAsync([4]) };
        lane.Executor.RunsFreely = true;
        lane.Executor.Release();
        await first;
        AssertRows((await two[0]).Rows, 4);
        AssertRows((await two[1]).Rows, 5);
        Assert.Equal([2, 1, 2], lane.Executor.Runs);
        Assert.Equal(2, lane.Executor.Borrowed);
    }

    [Fact]
    public async Task SubmitAsync_RunsAloneButPadded_ItsRowsAreWrittenAndTheRestAreCopiesOfOne()
    {
        await using var lane = new LaneFixture(table: new FixedTable(8, static _ => 1, static _ => 4));
        lane.Executor.Borrows = true;

        AssertRows((await lane.SendAsync([5, 6])).Rows, 6, 7);

        Assert.Equal(0, lane.Executor.Borrowed);
        Assert.Equal([5, 6, 5, 5], lane.Executor.Input);
    }

    [Fact]
    public async Task SubmitAsync_CallerOfARunThatReadsItsRowsGoes_TheyStayUntilTheRunEnds()
    {
        await using var lane = new LaneFixture();
        (lane.Executor.Borrows, lane.Executor.Hangs, lane.Executor.RunsFreely) = (true, true, false);
        using var cancellation = new CancellationTokenSource();
        var goes = lane.SendAsync([1], long.MaxValue, cancellation.Token);
        await lane.Executor.StartedAsync();

        await cancellation.CancelAsync();

        var error = (await goes).Error;
        var meanwhile = (lane.Pool.Rented, lane.Pool.Returned);
        lane.Executor.Release();
        await lane.DisposeAsync();
        Assert.Equal(ErrorReason.Cancelled, error.Reason);
        Assert.Equal((1, 0), meanwhile);
        Assert.Equal(lane.Pool.Rented, lane.Pool.Returned);
    }

    [Fact]
    public async Task SubmitAsync_OneMemberMakesTheRunFail_OnlyThatOneFails()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        var first = lane.SendAsync([0]);
        await lane.Executor.StartedAsync();
        var good = Enumerable.Range(0, 6).Select(i => lane.SendAsync([i])).ToArray();
        var bad = lane.SendAsync([-1]);
        lane.Executor.RunsFreely = true;
        lane.Executor.Release();

        Assert.Equal(ErrorReason.None, (await first).Error.Reason);
        for (var i = 0; i < good.Length; i++) AssertRows((await good[i]).Rows, i + 1);
        var error = (await bad).Error;
        Assert.Equal(ErrorReason.ExecutionFailed, error.Reason);
        Assert.Contains("'plus_one' version 1 failed: a negative row", error.Message, StringComparison.Ordinal);
        Assert.True(lane.Statistics.Snapshot().Splits > 0);
    }

    [Fact]
    public async Task SubmitAsync_CancelledWhileQueued_FreesItsPlaceAndIsNeverRun()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        using var cancellation = new CancellationTokenSource();
        var first = lane.SendAsync([1]);
        await lane.Executor.StartedAsync();
        var waiting = lane.SendAsync([2, 3], long.MaxValue, cancellation.Token);
        Assert.Equal(2, lane.Bounds.Rows);

        await cancellation.CancelAsync();

        Assert.Equal(ErrorReason.Cancelled, (await waiting).Error.Reason);
        Assert.Equal(0, lane.Bounds.Rows);
        lane.Executor.Release();
        await first;
        await lane.DisposeAsync();
        Assert.Equal([1], lane.Executor.Runs);
        Assert.Equal(lane.Pool.Rented, lane.Pool.Returned);
    }

    [Fact]
    public async Task SubmitAsync_OneOfTwoRunningCallersGoes_TheRunGoesOn()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        using var cancellation = new CancellationTokenSource();
        var first = lane.SendAsync([0]);
        await lane.Executor.StartedAsync();
        var goes = lane.SendAsync([1], long.MaxValue, cancellation.Token);
        var stays = lane.SendAsync([2]);
        lane.Executor.Release();
        await lane.Executor.StartedAsync();

        await cancellation.CancelAsync();
        Assert.Equal(ErrorReason.Cancelled, (await goes).Error.Reason);
        lane.Executor.Release();

        AssertRows((await stays).Rows, 3);
        AssertRows((await first).Rows, 1);
    }

    [Fact]
    public async Task Statistics_OfABatchThatOneCallerLeft_CountWhoIsAnsweredOnly()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        using var cancellation = new CancellationTokenSource();
        var first = lane.SendAsync([0]);
        await lane.Executor.StartedAsync();
        var goes = lane.SendAsync([1, 1], long.MaxValue, cancellation.Token);
        var stays = lane.SendAsync([2, 2, 2]);
        lane.Executor.Release();
        await lane.Executor.StartedAsync();
        await cancellation.CancelAsync();
        await goes;
        lane.Executor.Release();
        await stays;

        var statistics = lane.Statistics.Snapshot();

        Assert.Equal(2, statistics.Success.Count);
        Assert.Equal(4, statistics.Inferences);
        Assert.Equal(4 * sizeof(float), statistics.InputBytes);
        Assert.Equal(4 * sizeof(float), statistics.OutputBytes);
        Assert.Equal(2, statistics.Executions);
        Assert.Equal(2, statistics.Queue.Count);
        Assert.Equal(2, statistics.Distributions.Requests[0]!.Count);
        Assert.Equal(6, statistics.Distributions.BatchRows.Sum);
        Assert.Equal(2, statistics.Started.Sum());
        await first;
    }

    [Fact]
    public async Task SubmitAsync_AllRunningCallersGo_TheRunIsEnded()
    {
        await using var lane = new LaneFixture();
        lane.Executor.RunsFreely = false;
        using var cancellation = new CancellationTokenSource();
        var only = lane.SendAsync([1], long.MaxValue, cancellation.Token);
        await lane.Executor.StartedAsync();

        await cancellation.CancelAsync();

        Assert.Equal(ErrorReason.Cancelled, (await only).Error.Reason);
        // The run ended without Release: the lane is free for the next.
        lane.Executor.RunsFreely = true;
        AssertRows((await lane.SendAsync([5])).Rows, 6);
        Assert.True(lane.Statistics.Snapshot().WastedTicks > 0);
    }

    [Fact]
    public async Task SubmitAsync_RunThatWasExpectedToBeShortLasts_OthersAreStillAnswered()
    {
        await using var lane = new LaneFixture(inlineLimit: TimeSpan.FromSeconds(1));
        for (var i = 0; i < 20; i++) await lane.SendAsync([i]);
        lane.Executor.RunsFreely = false;
        var running = lane.SendAsync([1]);
        for (var i = 0; i <= 20; i++) await lane.Executor.StartedAsync();

        var late = await lane.SendAsync([2], TimeProvider.System.GetTimestamp() + (TimeProvider.System.TimestampFrequency / 10), default);
        var full = await Task.WhenAll(Enumerable.Range(0, 65).Select(_ => lane.SendAsync([3], TimeProvider.System.GetTimestamp() + (TimeProvider.System.TimestampFrequency / 10), default)));
        var next = lane.SendAsync([4]);
        lane.Executor.RunsFreely = true;
        lane.Executor.Release();

        Assert.Equal(ErrorReason.DeadlineExpired, late.Error.Reason);
        Assert.Equal(ErrorReason.QueueFull, full[^1].Error.Reason);
        AssertRows((await running).Rows, 2);
        AssertRows((await next).Rows, 5);
        for (var i = 0; i < 20; i++) AssertRows((await lane.SendAsync([i])).Rows, i + 1);
    }

    [Fact]
    public async Task SubmitAsync_QueueFull_IsRefusedWithTheBound()
    {
        await using var lane = new LaneFixture(maxQueueRows: 4);
        lane.Executor.RunsFreely = false;
        var first = lane.SendAsync([0]);
        await lane.Executor.StartedAsync();
        var waiting = lane.SendAsync([1, 2, 3, 4]);

        var refused = await lane.SendAsync([5]);

        Assert.Equal(ErrorReason.QueueFull, refused.Error.Reason);
        lane.Executor.RunsFreely = true;
        lane.Executor.Release();
        AssertRows((await waiting).Rows, 2, 3, 4, 5);
        await first;
    }

    [Fact]
    public async Task SubmitAsync_DeadlineInThePast_IsRefusedBeforeItRuns()
    {
        await using var lane = new LaneFixture(policy: BatchPolicyKind.Deadline);

        var (_, error) = await lane.SendAsync([1], TimeProvider.System.GetTimestamp() - 1, default);

        Assert.Equal(ErrorReason.DeadlineExpired, error.Reason);
        Assert.Empty(lane.Executor.Runs);
    }

    [Fact]
    public async Task DisposeAsync_WithRequestsWaiting_AnswersThemAllFirst()
    {
        var lane = new LaneFixture(maxBatchSize: 2);
        lane.Executor.RunsFreely = false;
        var first = lane.SendAsync([0]);
        await lane.Executor.StartedAsync();
        var waiting = Enumerable.Range(1, 7).Select(i => lane.SendAsync([i])).ToArray();
        lane.Executor.RunsFreely = true;
        lane.Executor.Release();

        await lane.DisposeAsync();

        AssertRows((await first).Rows, 1);
        for (var i = 0; i < waiting.Length; i++) AssertRows((await waiting[i]).Rows, i + 2);
        Assert.True(lane.Executor.IsDisposed);
        Assert.Equal(lane.Pool.Rented, lane.Pool.Returned);
        Assert.Equal(ErrorReason.VersionNotReady, (await lane.SendAsync([1])).Error.Reason);
    }

    [Fact]
    public async Task SubmitAsync_EveryRunFails_OpensTheCircuit()
    {
        await using var lane = new LaneFixture();
        for (var i = 0; i < GrpcServing.Admission.CircuitSettings.Requests.FailuresToOpen; i++)
            Assert.Equal(ErrorReason.ExecutionFailed, (await lane.SendAsync([-1])).Error.Reason);

        Assert.Equal(ErrorReason.CircuitOpen, (await lane.SendAsync([1])).Error.Reason);
    }

    private static void AssertRows(float[] rows, params float[] expected) => Assert.Equal(expected, rows);
}
