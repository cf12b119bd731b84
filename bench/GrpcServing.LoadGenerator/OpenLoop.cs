using Grpc.Core;

namespace GrpcServing.LoadGenerator;

/// <summary>Sends requests at their intended instants, whatever became of the earlier ones, and counts what comes back.</summary>
/// <remarks>
/// One thread paces: it waits on an event until shortly before the next instant and yields from there. Answers are counted on the thread
/// pool, each once. A request that is sent late counts from when it should have been sent.
/// </remarks>
/// <param name="send">Sends a request with its deadline, wall clock, or none; tells how it ended, and does not throw.</param>
internal sealed class OpenLoop(Func<DateTime?, Task<StatusCode>> send, LoadOptions options, TimeProvider time)
{
    private static readonly TimeSpan YieldFrom = TimeSpan.FromMilliseconds(1.5);

    private readonly LoadCounts _counts = new(options.Duration);
    private readonly TaskCompletionSource _allAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _open = 1;

    public async Task<LoadReport> RunAsync(IReadOnlyList<Intended> schedule)
    {
        await Task.Factory.StartNew(() => Pace(schedule), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        Close();
        await _allAnswered.Task.ConfigureAwait(false);
        return _counts.Report(options);
    }

    private void Pace(IReadOnlyList<Intended> schedule)
    {
        using var never = new ManualResetEventSlim();
        var start = time.GetTimestamp();
        var startWall = time.GetUtcNow().UtcDateTime;
        foreach (var intended in schedule)
        {
            while (true)
            {
                var left = TimeSpan.FromSeconds(intended.At) - time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero) break;
                if (left > YieldFrom) never.Wait(left - YieldFrom);
                else Thread.Yield();
            }
            Interlocked.Increment(ref _open);
            _ = SendAsync(intended, start, startWall);
        }
    }

    private async Task SendAsync(Intended intended, long start, DateTime startWall)
    {
        var isCounted = intended.At >= options.Warmup;
        if (isCounted) _counts.Sent((time.GetElapsedTime(start).TotalSeconds - intended.At) * 1e6);
        var deadline = intended.Deadline > 0 ? startWall.AddSeconds(intended.At + intended.Deadline) : (DateTime?)null;
        var status = await send(deadline).ConfigureAwait(false);
        if (isCounted)
        {
            var latency = time.GetElapsedTime(start).TotalSeconds - intended.At;
            var onTime = status == StatusCode.OK && (intended.Deadline == 0 || latency <= intended.Deadline);
            _counts.Answered(status, onTime, latency, intended.At - options.Warmup);
        }
        Close();
    }

    /// <summary>One answer is there, or the last request has been sent.</summary>
    private void Close()
    {
        if (Interlocked.Decrement(ref _open) == 0) _allAnswered.SetResult();
    }
}
