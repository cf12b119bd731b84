namespace GrpcServing.Batching;

/// <summary>The sentences that go with what a lane turns away.</summary>
internal static class LaneRefusals
{
    public static ServingError LaneClosed { get; } =
        new(ErrorReason.VersionNotReady, "The model version was unloaded while the request was on its way. Send it again.");

    public static ServingError CircuitOpen { get; } =
        new(ErrorReason.CircuitOpen, "The model failed on every recent request; requests are turned away until a probe succeeds. Look at the model's last errors, and try again later.");

    /// <param name="request">Turned away by the scheduler, which set the reason.</param>
    public static ServingError Describe(PendingRequest request, TimeProvider time)
    {
        var waited = Milliseconds(time, request.ArrivedAt, time.GetTimestamp());
        return new ServingError(request.Refusal, request.Refusal switch
        {
            ErrorReason.DeadlineUnreachable => $"Deadline cannot be met: after {waited} ms in the queue, {Milliseconds(time, time.GetTimestamp(), request.Deadline)} ms are left, less than the queue and the model need. Allow more time, or send less load.",
            ErrorReason.DeadlineExpired => $"Deadline passed after {waited} ms in the queue, before the model ran. Allow more time, or send less load.",
            ErrorReason.QueueTimeout => $"Request timeout expired after {waited} ms in the queue.",
            ErrorReason.QueueFull => "Exceeds maximum queue size of its priority level. Send less, or try again later.",
            _ => $"The request was turned away ({request.Refusal}).",
        });
    }

    public static ServingError ForGoneCaller(PendingRequest request, long callerDeadline, long now) => now >= callerDeadline
        ? new ServingError(ErrorReason.DeadlineExpired, "Deadline passed before the answer was there.")
        : new ServingError(ErrorReason.Cancelled, request.StartedAt == 0 ? "Cancelled by the caller while waiting." : "Cancelled by the caller while the model ran.");

    private static string Milliseconds(TimeProvider time, long from, long to) =>
        ((to - from) * 1000.0 / time.TimestampFrequency).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
}
