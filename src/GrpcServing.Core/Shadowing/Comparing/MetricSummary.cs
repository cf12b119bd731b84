namespace GrpcServing.Shadowing;

/// <summary>Count, sum, least and most of one metric; summaries of several pairs add up. A mutable struct: keep it in a field.</summary>
internal struct MetricSummary
{
    public long Count;
    public double Sum;
    public double Least;
    public double Most;

    /// <summary>NaN when nothing was added.</summary>
    public readonly double Mean => Count == 0 ? double.NaN : Sum / Count;

    /// <summary>NaN, a metric that is not defined for this row, is not counted.</summary>
    public void Add(double value)
    {
        if (double.IsNaN(value)) return;
        Least = Count == 0 ? value : Math.Min(Least, value);
        Most = Count == 0 ? value : Math.Max(Most, value);
        Count++;
        Sum += value;
    }

    public void Add(in MetricSummary other)
    {
        if (other.Count == 0) return;
        Least = Count == 0 ? other.Least : Math.Min(Least, other.Least);
        Most = Count == 0 ? other.Most : Math.Max(Most, other.Most);
        Count += other.Count;
        Sum += other.Sum;
    }
}
