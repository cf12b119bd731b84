namespace GrpcServing.LoadGenerator;

/// <summary>One intended request.</summary>
/// <param name="At">Seconds from the start.</param>
/// <param name="Deadline">Seconds it may take; 0 = any.</param>
internal readonly record struct Intended(double At, double Deadline);

/// <summary>When requests are to be sent: made before the first is, so that no answer can delay a later one.</summary>
internal static class Schedule
{
    /// <summary>Warm-up and counted time together; deterministic by the seed.</summary>
    public static IReadOnlyList<Intended> Create(LoadOptions options)
    {
        var random = new Random(options.Seed);
        var weights = options.Deadlines.Sum(static share => share.Weight);
        var end = options.Warmup + options.Duration;
        var intended = new List<Intended>();
        for (var at = 0.0; ;)
        {
            at += Gap(random, options.GapVariation) / (options.Rate * Factor(options, at));
            if (at >= end) return intended;
            intended.Add(new Intended(at, Pick(options.Deadlines, random.NextDouble() * weights)));
        }
    }

    private static double Factor(LoadOptions options, double at) =>
        options.Burst is { } burst && at - options.Warmup >= burst.Start && at - options.Warmup < burst.Start + burst.Length ? burst.Factor : 1;

    private static double Pick(IReadOnlyList<DeadlineShare> shares, double at)
    {
        foreach (var share in shares)
        {
            if (at < share.Weight) return share.Seconds;
            at -= share.Weight;
        }
        return shares[^1].Seconds;
    }

    /// <summary>A gap of mean 1: Gamma with shape 1 / CV^2, which for CV = 1 is the exponential of a Poisson process.</summary>
    internal static double Gap(Random random, double variation)
    {
        if (variation == 0) return 1;
        var shape = 1 / (variation * variation);
        return Gamma(random, shape) / shape;
    }

    /// <summary>Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; for shapes below 1 with their boost.</summary>
    private static double Gamma(Random random, double shape)
    {
        if (shape < 1) return Gamma(random, shape + 1) * Math.Pow(1 - random.NextDouble(), 1 / shape);
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            var v = Math.Pow(1 + (c * normal), 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (0.5 * normal * normal) + d - (d * v) + (d * Math.Log(v))) return d * v;
        }
    }
}
