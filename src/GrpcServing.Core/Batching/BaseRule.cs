namespace GrpcServing.Batching;

/// <summary>A cheap complete policy: what the lane does when looking ahead does not pay, and what it is assumed to do after the batch in question.</summary>
internal enum BaseRule
{
    /// <summary>
    /// At once. When the first deadline leaves time for a batch of its own and the rest still make it in the next one, that batch. Otherwise
    /// the largest that can finish in time when the entries with the nearest deadlines may be left out (Symphony's window).
    /// </summary>
    Window,
    /// <summary>The same batch, but as late as its first deadline and one more row allow: for profiles so flat that company is almost free.</summary>
    LateWindow,
    /// <summary>At once, the largest batch that the nearest deadline allows: nobody is left out. Collapses in overload, best with time to spare and mixed deadlines.</summary>
    HeadFirst,
}
