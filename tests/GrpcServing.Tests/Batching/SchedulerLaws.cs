using CsCheck;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Tests.Batching;

/// <summary>What holds for every policy, whatever comes.</summary>
public class SchedulerLaws
{
    private static LaneRun Run(RandomLane lane)
    {
        var table = new MeasuredLatencyTable(lane.Settings.MaxBatchRows);
        for (var rows = 1; rows <= lane.Profile.Length; rows++)
            for (var bucket = 0; bucket < 4; bucket++) table.Observe(bucket, rows, lane.Profile[rows - 1]);
        return new LaneRun(lane, Schedulers.Create(new BatchingConfiguration { Policy = lane.Policy }, lane.Settings, table), table);
    }

    private static void Holds(Func<RandomLane, LaneRun, bool> law) => RandomLane.Any.Sample(lane => law(lane, Run(lane)), iter: 400, threads: 1);

    [Fact]
    public void EveryRequest_LeavesExactlyOnce() => Holds(static (_, run) =>
    {
        var left = run.Starts.SelectMany(static start => start.Members).Concat(run.Refusals.Select(static refusal => refusal.Entry)).Concat(run.Cancelled).ToList();
        return left.Count == run.Entries.Count && left.ToHashSet().SetEquals(run.Entries);
    });

    [Fact]
    public void EveryBatch_IsOfOneBucketAndWithinTheLimit() => Holds(static (lane, run) => run.Starts.TrueForAll(start =>
        start.Members.Length > 0
        && start.Rows == start.Members.Sum(static member => member.Rows)
        && start.Rows <= lane.Settings.MaxBatchRows
        && start.PaddedRows >= start.Rows && start.PaddedRows <= lane.Settings.MaxBatchRows
        && Array.TrueForAll(start.Members, member => member.BucketId == start.BucketId)));

    [Fact]
    public void EveryExecutor_RunsOneBatchAtATime() => Holds(static (_, run) => !run.Overlapped);

    [Fact]
    public void UnderDeadline_NothingStartsThatCannotMakeEveryDeadlineAsPlanned() => Holds(static (lane, run) =>
        lane.Policy != BatchPolicyKind.Deadline
        || run.Starts.TrueForAll(static start => Array.TrueForAll(start.Members, member => start.At + start.Planned <= member.Deadline)));

    [Fact]
    public void UnderEveryPolicy_NothingStartsAfterItsDeadline() => Holds(static (_, run) =>
        run.Starts.TrueForAll(static start => Array.TrueForAll(start.Members, member => start.At < member.Deadline)));

    [Fact]
    public void EveryRefusal_SaysWhyAndIsTrue() => Holds(static (lane, run) => run.Refusals.TrueForAll(refusal => refusal.Entry.Refusal switch
    {
        ErrorReason.DeadlineExpired => refusal.Entry.Deadline <= refusal.At,
        ErrorReason.DeadlineUnreachable => lane.Policy == BatchPolicyKind.Deadline && refusal.Entry.Deadline < long.MaxValue,
        ErrorReason.QueueTimeout => refusal.Entry.QueueExpiry <= refusal.At && !refusal.Entry.DelayOnExpiry,
        ErrorReason.QueueFull => lane.Settings.MaxQueueSizes[0] > 0,
        _ => false,
    }));

    [Fact]
    public void EqualDeadlineAndLevel_StartInOrderOfArrival() => Holds(static (lane, run) =>
    {
        var place = new Dictionary<QueueEntry, int>();
        foreach (var member in run.Starts.SelectMany(static start => start.Members)) place.Add(member, place.Count);
        // One that was moved behind by its queue policy is no longer in line.
        return place.Keys
            .Where(static entry => entry.QueueExpiry == long.MaxValue)
            .GroupBy(entry => (entry.Level, entry.BucketId, Deadline: lane.Policy == BatchPolicyKind.Deadline ? entry.Deadline : 0))
            .All(group => group.OrderBy(static entry => entry.Sequence).Select(entry => place[entry]).ToArray() is var places && places.SequenceEqual(places.Order()));
    });

    [Fact]
    public void Replay_OfARecordedLog_DecidesTheSame() => RandomLane.Any.Sample(
        static lane =>
        {
            var log = new StringWriter();
            var table = new MeasuredLatencyTable(lane.Settings.MaxBatchRows);
            var recording = new RecordingScheduler(lane.Policy, lane.Settings, table, log);
            for (var rows = 1; rows <= lane.Profile.Length; rows++) recording.Observe(0, rows, lane.Profile[rows - 1]);
            _ = new LaneRun(lane, recording, table);

            var again = new StringWriter();
            DecisionLog.Replay(new StringReader(log.ToString()), again);

            return again.ToString() == log.ToString();
        },
        iter: 100,
        threads: 1);
}
