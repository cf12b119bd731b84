namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>Medians and ratios of samples.</summary>
/// <remarks>A ratio is the median of the ratios within the rounds, whose windows lie side by side: what slows a whole round does not count.</remarks>
internal sealed class Results(IReadOnlyList<Sample> samples)
{
    private readonly ILookup<(string Model, int Concurrency, string Contender), Sample> _samples = samples.ToLookup(static sample => (sample.Model, sample.Concurrency, sample.Contender));

    public IReadOnlyList<string> Models { get; } = [.. samples.Select(static sample => sample.Model).Distinct()];

    public IReadOnlyList<int> Concurrencies(string model) => [.. samples.Where(sample => sample.Model == model).Select(static sample => sample.Concurrency).Distinct().Order()];

    public IReadOnlyList<string> Contenders(string model, int concurrency) =>
        [.. samples.Where(sample => sample.Model == model && sample.Concurrency == concurrency).Select(static sample => sample.Contender).Distinct()];

    /// <returns>NaN when it was not measured.</returns>
    public double Median(string model, int concurrency, string contender, Func<Sample, double> value) => LoadGenerator.Median.Of(_samples[(model, concurrency, contender)].Select(value));

    /// <returns>NaN when one of them was not measured.</returns>
    public double Ratio(string model, int concurrency, string contender, string other, Func<Sample, double> value)
    {
        var others = _samples[(model, concurrency, other)].ToLookup(static sample => (sample.Run, sample.Round), value);
        return LoadGenerator.Median.Of(_samples[(model, concurrency, contender)].SelectMany(sample => others[(sample.Run, sample.Round)].Select(of => value(sample) / of)));
    }

    /// <summary>The fastest of the policies that are tuned by hand; null when none was measured.</summary>
    public string? BestTuned(string model, int concurrency) => BestTuned(model, concurrency, static _ => true);

    /// <summary>
    /// Ours over the best policy tuned by hand, which for each round is the one that was fastest in all others: the fastest afterwards of several that
    /// scatter would be so by luck.
    /// </summary>
    /// <returns>NaN when it was not measured.</returns>
    public double RatioToBestTuned(string model, int concurrency)
    {
        var ours = _samples[(model, concurrency, Contender.Ours)].ToList();
        return LoadGenerator.Median.Of(ours.SelectMany(sample =>
        {
            bool IsOther(Sample other) => ours.Count == 1 || (other.Run, other.Round) != (sample.Run, sample.Round);
            return BestTuned(model, concurrency, IsOther) is { } best
                ? _samples[(model, concurrency, best)].Where(other => (other.Run, other.Round) == (sample.Run, sample.Round)).Select(other => sample.PerSecond / other.PerSecond)
                : [];
        }));
    }

    private string? BestTuned(string model, int concurrency, Func<Sample, bool> counts) =>
        Contenders(model, concurrency).Where(Contender.IsTuned)
            .MaxBy(contender => LoadGenerator.Median.Of(_samples[(model, concurrency, contender)].Where(counts).Select(static sample => sample.PerSecond)));
}
