namespace GrpcServing.Batching;

/// <summary>A cheap complete policy: what the lane does when looking ahead does not pay, and what it is assumed to do after the batch in question.</summary>
internal enum BaseRule
{
    /// <summary>
    /// At once. The largest batch that can finish in time when the entries with the nearest deadlines may be left out (Symphony's window),
    /// or one that starts with these where <see cref="HeadChain"/> finds that better.
    /// </summary>
    Window,
    /// <summary>The same batch, but as late as its first deadline and one more row allow: for profiles so flat that company is almost free.</summary>
    LateWindow,
}
