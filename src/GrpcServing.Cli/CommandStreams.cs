namespace GrpcServing;

/// <summary>Where a command reads from and writes to: those of the process, or a test's.</summary>
/// <param name="Output">The result and nothing else, so that it can be piped.</param>
/// <param name="Error">What went wrong, and what to do.</param>
internal sealed record CommandStreams(Stream Input, TextWriter Output, TextWriter Error);
