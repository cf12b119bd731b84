namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>A number that the server is to reach.</summary>
/// <param name="AtMost">The measured number is to be at most the required one; otherwise at least.</param>
/// <param name="Measured">NaN when it was not measured.</param>
internal sealed record Target(string What, bool AtMost, double Required, double Measured)
{
    private static readonly string[] Heavy = ["resnet", "encoder"];

    public bool IsMeasured => !double.IsNaN(Measured);

    public bool IsReached => AtMost ? Measured <= Required : Measured >= Required;

    /// <summary>All of them, in the light of what was measured.</summary>
    public static IEnumerable<Target> All(Results results)
    {
        yield return new Target("tiny at 64: CPU per request, of the echo's", AtMost: true, 1.15, results.Ratio("tiny", 64, Contender.Ours, Contender.Echo, static sample => sample.CpuMicroseconds));

        foreach (var (model, concurrency, required) in new[] { ("tiny", 64, 1.4), ("digits", 64, 1.8), ("digits", 256, 1.8), ("mid", 64, 3), ("mid", 256, 3), ("resnet", 64, 1.8), ("encoder", 64, 1.25) })
            yield return Rate(results, model, concurrency, Contender.Naive, required);
        foreach (var model in results.Models)
        {
            yield return new Target($"{model} at 1: p50, of naive's", AtMost: true, 1.05, results.Ratio(model, 1, Contender.Ours, Contender.Naive, static sample => sample.P50Microseconds));
            foreach (var concurrency in results.Concurrencies(model)) yield return Rate(results, model, concurrency, Contender.Naive, 0.97);
        }

        foreach (var (model, required) in new[] { ("resnet", 0.9), ("encoder", 0.96), ("mid", 0.55) }) yield return Rate(results, model, 64, Contender.Best, required);

        foreach (var model in results.Models)
            foreach (var concurrency in results.Concurrencies(model))
                if (results.BestTuned(model, concurrency) is { } tuned)
                    yield return new Target($"{model} at {concurrency}: requests/s, of the best policy ({tuned})", AtMost: false, 0.97, results.RatioToBestTuned(model, concurrency));
        yield return new Target("resnet at 8: rows in a batch", AtMost: false, 7.5, results.Median("resnet", 8, Contender.Ours, static sample => sample.RowsPerBatch));

        foreach (var model in results.Models)
            foreach (var concurrency in results.Concurrencies(model))
                if (!Heavy.Contains(model) || concurrency >= 8)
                    yield return new Target($"{model} at {concurrency}: both cores, of one", AtMost: false, Heavy.Contains(model) ? 1.7 : 1, results.Ratio(model, concurrency, Contender.BothCoresName, Contender.Ours, static sample => sample.PerSecond));
    }

    private static Target Rate(Results results, string model, int concurrency, string other, double required) =>
        new($"{model} at {concurrency}: requests/s, of {other}", AtMost: false, required, results.Ratio(model, concurrency, Contender.Ours, other, static sample => sample.PerSecond));
}
