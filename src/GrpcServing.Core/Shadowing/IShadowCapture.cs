namespace GrpcServing.Shadowing;

/// <summary>Opens what keeps the pairs of a shadow; one for the server.</summary>
internal interface IShadowCaptures
{
    /// <summary>Called once at the start of each shadow, before its first pair. May block for a moment; an exception fails the start with its message.</summary>
    IShadowCapture Open(ShadowSides sides, ShadowSettings settings);
}

/// <summary>Keeps the pairs of one shadow that are worth it, for people and for replay.</summary>
/// <remarks>
/// Disposed when the shadow ends, after the last <see cref="Offer"/>; what was kept stays readable. A fault of the store is the store's to
/// log and to live with: the shadow goes on without it.
/// </remarks>
internal interface IShadowCapture : IAsyncDisposable
{
    /// <summary>Share of the pairs kept whatever they show, 0..1, beside the disagreements; by a hash of the request. Any thread.</summary>
    double Fraction { get; set; }

    /// <summary>Offers a pair that has just been compared.</summary>
    /// <remarks>
    /// Called for every pair, on the thread of the shadow that owns both arguments: must return quickly, never throws, and copies what it
    /// keeps, because the pair is released and the comparison used again as soon as it returns.
    /// </remarks>
    /// <returns>Id in the store, positive; 0 when it was not kept.</returns>
    long Offer(in ShadowPair pair, PairComparison comparison);
}
