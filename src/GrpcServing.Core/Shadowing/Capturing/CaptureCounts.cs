namespace GrpcServing.Shadowing;

/// <summary>What became of the pairs that were offered to the capture of one shadow. Written with the captured requests themselves, so that
/// they add up after a crash too: offered = passed over + dropped + stored, and stored = replaced + evicted + what is there.</summary>
/// <param name="Offered">Pairs.</param>
/// <param name="PassedOver">Neither a disagreement that the sample takes nor part of the captured traffic.</param>
/// <param name="Dropped">Wanted, but the store could not keep up or is off.</param>
/// <param name="Stored">Ever.</param>
/// <param name="Replaced">Made room for a later disagreement of the sample.</param>
/// <param name="Evicted">Made room under the limit on bytes.</param>
internal readonly record struct CaptureCounts(long Offered, long PassedOver, long Dropped, long Stored, long Replaced, long Evicted);
