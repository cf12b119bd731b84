using System.Collections.Immutable;
using CsCheck;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Tests.Batching;

/// <summary>A lane with a random profile and random visitors.</summary>
internal sealed record RandomLane(BatchPolicyKind Policy, SchedulerSettings Settings, ImmutableArray<long> Profile, ImmutableArray<RandomLane.Visitor> Visitors)
{
    /// <param name="Gap">Since the one before.</param>
    /// <param name="Slack">To the deadline; 0 = none.</param>
    /// <param name="Timeout">In the queue; 0 = none.</param>
    /// <param name="Leaves">Cancelled so long after its arrival; 0 = stays.</param>
    public sealed record Visitor(int Gap, int Slack, int Rows, int Level, int Bucket, int Timeout, bool Delays, int Leaves);

    /// <summary>Ticks of 1 ms: look-ahead has room to work.</summary>
    public const long TicksPerSecond = 1000;

    private static readonly Gen<Visitor> AnyVisitor =
        from gap in Gen.Frequency((3, Gen.Int[0, 12]), (1, Gen.Const(0)))
        from slack in Gen.OneOf(Gen.Const(0), Gen.Const(60), Gen.Int[1, 200])
        from rows in Gen.Frequency((4, Gen.Const(1)), (1, Gen.Int[1, 4]))
        from level in Gen.Int[0, 2]
        from bucket in Gen.Frequency((3, Gen.Const(0)), (1, Gen.Int[0, 3]))
        from timeout in Gen.Frequency((4, Gen.Const(0)), (1, Gen.Int[1, 60]))
        from delays in Gen.Bool
        from leaves in Gen.Frequency((6, Gen.Const(0)), (1, Gen.Int[1, 60]))
        select new Visitor(gap, slack, rows, level, bucket, timeout, delays, leaves);

    public static Gen<RandomLane> Any { get; } =
        from policy in Gen.OneOf(Gen.Const(BatchPolicyKind.Deadline), Gen.Const(BatchPolicyKind.Greedy), Gen.Const(BatchPolicyKind.Delay))
        from maxRows in Gen.Int[4, 12]
        from executors in Gen.Int[1, 3]
        from levels in Gen.OneOf(Gen.Const(1), Gen.Const(3))
        from delay in Gen.Int[0, 20]
        from queue in Gen.OneOf(Gen.Const(0), Gen.Const(5))
        from known in Gen.Frequency((5, Gen.Const(true)), (1, Gen.Const(false)))
        from profile in Gen.Int[5, 60].Array[maxRows]
        from seed in Gen.ULong
        from visitors in AnyVisitor.Array[1, 120]
        select new RandomLane(
            policy,
            new SchedulerSettings
            {
                MaxBatchRows = maxRows,
                Executors = executors,
                Levels = levels,
                TicksPerSecond = TicksPerSecond,
                MaxQueueDelayTicks = delay,
                MaxQueueSizes = [queue],
                Seed = seed,
            },
            known ? [.. profile.Select(static ticks => (long)ticks)] : [],
            [.. visitors.Select(visitor => visitor with { Level = visitor.Level % levels })]);

    public override string ToString() => $"{Policy} {Settings} [{string.Join(' ', Profile)}] {string.Join(' ', Visitors)}";
}
