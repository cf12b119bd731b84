using GrpcServing.Shadowing;

namespace GrpcServing.Hosting;

/// <summary>What happens to shadows, for the log.</summary>
internal sealed partial class ShadowEvents(ILogger<ShadowEvents> logger) : IShadowObserver
{
    public void Started(ShadowSession session) =>
        LogStarted(logger, session.Sides.Model, session.Sides.Candidate.Version, session.Sides.Primary.Version, session.Settings.Fraction);

    public void StartFailed(string model, string reason) => LogStartFailed(logger, model, reason);

    public void Changed(ShadowSession session, ShadowReading before, ShadowReading now)
    {
        if (before.Verdict.Verdict != now.Verdict.Verdict)
            LogVerdict(logger, session.Sides.Model, session.Sides.Candidate.Version, now.Verdict.Verdict, now.Verdict.Disagreements, now.Compared, now.Reason);
        // The end has a line of its own.
        if (before.State != now.State && now.State is not (ShadowState.Stopped or ShadowState.Expired))
            LogState(logger, session.Sides.Model, session.Sides.Candidate.Version, now.State, now.Fraction);
    }

    public void Ended(ShadowSession session, ShadowReading last) =>
        LogEnded(logger, session.Sides.Model, session.Sides.Candidate.Version, last.Verdict.Verdict, last.Compared, last.Verdict.Disagreements, last.Eligible, last.Reason);

    public void Failed(ShadowSession session, Exception bug) => LogFailed(logger, bug, session.Sides.Model, session.Sides.Candidate.Version);

    [LoggerMessage(EventIds.ShadowStarted, LogLevel.Information, "Shadow of model {Model} started: version {Candidate} gets copies of the requests that version {Primary} answers, share {Fraction}")]
    private static partial void LogStarted(ILogger logger, string model, long candidate, long primary, double fraction);

    [LoggerMessage(EventIds.ShadowStartFailed, LogLevel.Error, "The shadow that the configuration of model {Model} asks for could not be started: {Reason}")]
    private static partial void LogStartFailed(ILogger logger, string model, string reason);

    [LoggerMessage(EventIds.ShadowVerdict, LogLevel.Warning, "Shadow of model {Model}: the verdict on version {Candidate} is {Verdict}, {Disagreements} disagreements in {Pairs} pairs. {Reason}")]
    private static partial void LogVerdict(ILogger logger, string model, long candidate, Verdict verdict, long disagreements, long pairs, string reason);

    [LoggerMessage(EventIds.ShadowState, LogLevel.Warning, "Shadow of model {Model} with version {Candidate} is {State}; the share of requests copied is {Fraction} now")]
    private static partial void LogState(ILogger logger, string model, long candidate, ShadowState state, double fraction);

    [LoggerMessage(EventIds.ShadowEnded, LogLevel.Information, "Shadow of model {Model} with version {Candidate} ended: {Verdict} after {Pairs} pairs, {Disagreements} of which disagreed, of {Eligible} eligible requests. {Reason}")]
    private static partial void LogEnded(ILogger logger, string model, long candidate, Verdict verdict, long pairs, long disagreements, long eligible, string reason);

    [LoggerMessage(EventIds.ShadowFailed, LogLevel.Critical, "The shadow of model {Model} with version {Candidate} ended by a fault of the server; the primary is not affected. Please report this with the log")]
    private static partial void LogFailed(ILogger logger, Exception failure, string model, long candidate);
}
