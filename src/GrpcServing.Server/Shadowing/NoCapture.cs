namespace GrpcServing.Shadowing;

/// <summary>The capture of a shadow whose store is off: keeps nothing.</summary>
internal sealed class NoCapture : IShadowCapture
{
    public double Fraction { get; set; }

    public long Offer(in ShadowPair pair, PairComparison comparison) => 0;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
