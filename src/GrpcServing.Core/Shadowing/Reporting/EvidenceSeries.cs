namespace GrpcServing.Shadowing;

/// <summary>Where the evidence stood after so many pairs.</summary>
/// <param name="Ratio">Of execution time; null while there is none.</param>
internal sealed record EvidencePoint(DateTimeOffset At, long Pairs, GuardReading Disagreement, GuardReading? Ratio, double Coverage);

/// <summary>The course of the evidence, thinned as it grows: at most <see cref="MaxPoints"/> points, evenly spread over the pairs.</summary>
/// <remarks>The shadow's thread only.</remarks>
internal sealed class EvidenceSeries
{
    public const int MaxPoints = 256;

    private readonly List<EvidencePoint> _points = new(MaxPoints);
    private long _stride = 1;

    public IReadOnlyList<EvidencePoint> Points => _points;

    /// <summary>Whether the pair of this number, from 1, is worth a point.</summary>
    public bool Wants(long pairs) => pairs % _stride == 0;

    public void Add(EvidencePoint point)
    {
        if (_points.Count == MaxPoints)
        {
            // Every second one goes, so that the rest are those of the doubled stride.
            _stride *= 2;
            _points.RemoveAll(known => known.Pairs % _stride != 0);
            if (!Wants(point.Pairs)) return;
        }
        _points.Add(point);
    }
}
