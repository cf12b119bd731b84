namespace GrpcServing.Models;

/// <summary>What a model promises; each null where it promises nothing of that kind.</summary>
/// <param name="Availability">Share of requests that are answered, of those the server could have answered.</param>
/// <param name="DeadlineMet">Share of requests with a deadline that are answered in time.</param>
public sealed record SloConfiguration(decimal? Availability, LatencySlo? Latency, decimal? DeadlineMet);

/// <param name="Threshold">One of the boundaries by which durations are counted.</param>
/// <param name="Target">Share of the answered requests that take no longer.</param>
public sealed record LatencySlo(TimeSpan Threshold, decimal Target);
