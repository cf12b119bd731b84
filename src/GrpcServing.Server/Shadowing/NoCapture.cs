namespace GrpcServing.Shadowing;

/// <summary>The capture of a shadow whose store is off: keeps nothing, and counts the disagreements that it would have been offered.</summary>
internal sealed class NoCapture(CaptureTotals totals) : IShadowCapture
{
    public double Fraction { get; set; }

    public long Offer(in ShadowPair pair, PairComparison comparison)
    {
        if (comparison.Disagrees) totals.Dropped(isOn: false);
        return 0;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
