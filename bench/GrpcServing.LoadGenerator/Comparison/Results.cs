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
    public string? BestTuned(string model, int concurrency) =>
        Contenders(model, concurrency).Where(Contender.IsTuned).MaxBy(contender => Median(model, concurrency, contender, static sample => sample.PerSecond));
}
