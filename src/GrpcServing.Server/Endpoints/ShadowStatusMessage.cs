using Google.Protobuf.WellKnownTypes;
using GrpcServing.Batching;
using GrpcServing.Shadowing;
using Proto = GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Endpoints;

/// <summary>Where a shadow stands, as the admin interface says it.</summary>
internal static class ShadowStatusMessage
{
    public static Proto.ShadowStatus Create(ShadowSides sides, ShadowReading reading)
    {
        var message = new Proto.ShadowStatus
        {
            Model = sides.Model,
            Primary = sides.Primary.Version,
            Candidate = sides.Candidate.Version,
            State = StateOf(reading.State),
            StartedAt = Timestamp.FromDateTimeOffset(reading.StartedAt),
            EndedAt = reading.EndedAt is { } ended ? Timestamp.FromDateTimeOffset(ended) : null,
            Verdict = VerdictOf(reading.Verdict.Verdict),
            Reason = reading.Reason,
            Pairs = reading.Compared,
            Disagreements = reading.Verdict.Disagreements,
            CandidateErrors = reading.CandidateErrors,
            ControlPairs = reading.ControlPairs,
            ControlDisagreements = reading.ControlDisagreements,
            Eligible = reading.Eligible,
            Mirrored = reading.Mirrored,
            Fraction = reading.Fraction,
            QueuedRequests = reading.Waiting,
            QueuedBytes = reading.WaitingBytes,
        };
        message.Guards.AddRange(reading.Verdict.Guards.Select(Guard));
        for (var reason = 0; reason < reading.Dropped.Length; reason++)
            if (reading.Dropped[reason] > 0) message.Dropped.Add(CopyDrops.Label((CopyDrop)reason), reading.Dropped[reason]);
        return message;
    }

    /// <summary>A configured shadow that could not be started.</summary>
    public static Proto.ShadowStatus Create(FailedShadow failed) => new()
    {
        Model = failed.Model,
        Primary = failed.Settings.Primary,
        Candidate = failed.Settings.Candidate,
        State = Proto.ShadowState.Stopped,
        EndedAt = Timestamp.FromDateTimeOffset(failed.At),
        Reason = $"Could not be started: {failed.Reason}",
    };

    public static Proto.Interval Interval(GuardReading guard) => Interval(guard.Estimate, guard.Lower, guard.Upper);

    /// <param name="estimate">NaN, without an observation, is sent as 0.</param>
    public static Proto.Interval Interval(double estimate, double lower, double upper) =>
        new() { Estimate = double.IsNaN(estimate) ? 0 : estimate, Lower = lower, Upper = upper };

    public static string GuardName(Guard guard) => guard switch
    {
        Shadowing.Guard.Disagreement => "disagreement",
        Shadowing.Guard.Faults => "candidate_errors",
        Shadowing.Guard.ExecutionTime => "execution_ratio",
        Shadowing.Guard.Labels => "labels",
        _ => throw new ArgumentOutOfRangeException(nameof(guard), guard, "Every guard has a name."),
    };

    private static Proto.Guard Guard(GuardReading guard) => new()
    {
        Name = GuardName(guard.Guard),
        Verdict = VerdictOf(guard.Verdict),
        Budget = guard.Budget,
        Interval = Interval(guard),
        LogE = guard.LogE,
        DecidedAt = guard.DecidedAt ?? 0,
        Observations = guard.Observations,
    };

    private static Proto.Verdict VerdictOf(Verdict verdict) => verdict switch
    {
        Verdict.Pass => Proto.Verdict.Pass,
        Verdict.Fail => Proto.Verdict.Fail,
        _ => Proto.Verdict.Undecided,
    };

    private static Proto.ShadowState StateOf(ShadowState state) => state switch
    {
        ShadowState.Running => Proto.ShadowState.Running,
        ShadowState.Throttled => Proto.ShadowState.Throttled,
        ShadowState.BreakerOpen => Proto.ShadowState.BreakerOpen,
        ShadowState.Expired => Proto.ShadowState.Expired,
        _ => Proto.ShadowState.Stopped,
    };
}
