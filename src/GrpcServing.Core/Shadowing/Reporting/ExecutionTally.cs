using GrpcServing.Batching;

namespace GrpcServing.Shadowing;

/// <summary>Execution seconds per row on a fixed logarithmic scale, ten bins to a decade.</summary>
internal sealed class ExecutionHistogram
{
    // 1 microsecond to 10 seconds.
    private const int Decades = 7;
    private const int BinsPerDecade = 10;

    /// <summary>Upper ends in seconds; one more bin holds what is above the last.</summary>
    public static readonly double[] Bounds = [.. Enumerable.Range(0, (Decades * BinsPerDecade) + 1).Select(static i => 1e-6 * Math.Pow(10, (double)i / BinsPerDecade))];

    private readonly long[] _counts = new long[Bounds.Length + 1];

    public ReadOnlySpan<long> Counts => _counts;

    public double Sum { get; private set; }

    public void Add(double seconds)
    {
        var bin = Bounds.AsSpan().BinarySearch(seconds);
        _counts[bin < 0 ? ~bin : bin]++;
        Sum += seconds;
    }
}

/// <summary>How long both sides took for a row, by the batch it ran in. The shadow's thread only.</summary>
/// <remarks>
/// Every batch counts once, however many of its requests were copied. Two models are compared at equal batch shape: one run of each with
/// as many rows. The candidate is held against the primary's own copies where there are any, because both run in the time that is left
/// over; otherwise against the runs that answered the callers.
/// </remarks>
internal sealed class ExecutionTally(double ticksPerSecond)
{
    /// <summary>Batch sizes told apart; a run of another size is not counted any more.</summary>
    public const int MaxSizes = 128;

    private const int RecentBatches = 64;

    private readonly SortedDictionary<int, Size> _sizes = [];
    private readonly Recent _primaries = new();
    private readonly Recent _candidates = new();
    private readonly Recent _references = new();

    /// <summary>By rows of the batch, padding included.</summary>
    public IEnumerable<(int Rows, ExecutionHistogram Primary, ExecutionHistogram Candidate)> Sizes => _sizes.Select(static size => (size.Key, size.Value.Primary, size.Value.Candidate));

    /// <summary>A run that answered callers.</summary>
    public void AddPrimary(long batch, in RunMeasure run)
    {
        if (run.PaddedRows > 0 && _primaries.IsNew(batch)) SizeOf(run)?.Primary.Add(Seconds(run));
    }

    /// <summary>A run of the candidate.</summary>
    /// <returns>A run of the reference and this one, per row, when there was one of its shape that has not been used; else null.</returns>
    public (double Primary, double Candidate)? AddCandidate(long batch, in RunMeasure run)
    {
        if (run.PaddedRows == 0 || !_candidates.IsNew(batch) || SizeOf(run) is not { } size) return null;
        size.Candidate.Add(Seconds(run));
        size.UnmatchedCandidate = run.TicksPerRow;
        return Match(size);
    }

    /// <summary>A run that the candidate's may be held against.</summary>
    /// <returns>As <see cref="AddCandidate"/>.</returns>
    public (double Primary, double Candidate)? AddReference(long batch, in RunMeasure run)
    {
        if (run.PaddedRows == 0 || !_references.IsNew(batch) || SizeOf(run) is not { } size) return null;
        size.UnmatchedReference = run.TicksPerRow;
        return Match(size);
    }

    private static (double Primary, double Candidate)? Match(Size size)
    {
        if (size.UnmatchedReference == 0 || size.UnmatchedCandidate == 0) return null;
        var match = (size.UnmatchedReference, size.UnmatchedCandidate);
        size.UnmatchedReference = size.UnmatchedCandidate = 0;
        return match;
    }

    private double Seconds(in RunMeasure run) => run.ExecutionTicks / ticksPerSecond / run.PaddedRows;

    private Size? SizeOf(in RunMeasure run)
    {
        if (_sizes.TryGetValue(run.PaddedRows, out var size)) return size;
        if (_sizes.Count >= MaxSizes) return null;
        _sizes.Add(run.PaddedRows, size = new Size());
        return size;
    }

    private sealed class Size
    {
        public readonly ExecutionHistogram Primary = new();
        public readonly ExecutionHistogram Candidate = new();
        public double UnmatchedReference;
        public double UnmatchedCandidate;
    }

    /// <summary>The batches seen last.</summary>
    private sealed class Recent
    {
        private readonly long[] _batches = new long[RecentBatches];
        private int _next;

        public bool IsNew(long batch)
        {
            if (_batches.AsSpan().Contains(batch)) return false;
            _batches[_next] = batch;
            _next = (_next + 1) % RecentBatches;
            return true;
        }
    }
}
