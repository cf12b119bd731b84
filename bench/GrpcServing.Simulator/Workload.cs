namespace GrpcServing.Simulator;

/// <summary>How requests arrive.</summary>
internal enum ArrivalProcess
{
    /// <summary>Independent arrivals at a constant rate.</summary>
    Poisson,
    /// <summary>Independent gaps, Gamma distributed with a coefficient of variation of 2.</summary>
    Gamma,
    /// <summary>Poisson at 0.5 and 1.5 times the rate by turns; each state lasts an exponential time of 20 deadlines on average.</summary>
    Mmpp,
}

/// <summary>Makes traces. The same seed gives the same trace on every machine.</summary>
internal sealed class Workload(ulong seed)
{
    // Mixed first: states that differ by a multiple of the increment would be one stream, shifted.
    private ulong _state = Mix(seed + 0xD1B54A32D192ED03UL);

    /// <param name="rate">Requests per second on average.</param>
    /// <param name="slacks">Seconds from arrival to deadline, each as likely as the others.</param>
    /// <param name="rows">Rows of a request, each as likely as the others.</param>
    public Arrival[] Create(ArrivalProcess process, double rate, int requests, ReadOnlySpan<double> slacks, ReadOnlySpan<int> rows)
    {
        var trace = new Arrival[requests];
        var now = 0.0;
        var fast = false;
        var stateLeft = 0.0;
        var dwell = 20 * slacks[0];
        for (var i = 0; i < requests; i++)
        {
            switch (process)
            {
                case ArrivalProcess.Poisson:
                    now += Exponential() / rate;
                    break;
                case ArrivalProcess.Gamma:
                    now += Gamma(0.25) / (0.25 * rate);
                    break;
                case ArrivalProcess.Mmpp:
                    while (true)
                    {
                        if (stateLeft <= 0)
                        {
                            fast = !fast;
                            stateLeft = Exponential() * dwell;
                        }
                        var gap = Exponential() / (rate * (fast ? 1.5 : 0.5));
                        if (gap <= stateLeft)
                        {
                            stateLeft -= gap;
                            now += gap;
                            break;
                        }
                        now += stateLeft;
                        stateLeft = 0;
                    }
                    break;
            }
            var slack = slacks[slacks.Length == 1 ? 0 : (int)(Uniform() * slacks.Length)];
            var size = rows[rows.Length == 1 ? 0 : (int)(Uniform() * rows.Length)];
            trace[i] = new Arrival(Profile.ToTicks(now), Profile.ToTicks(now + slack), size);
        }
        return trace;
    }

    /// <summary>SplitMix64.</summary>
    private double Uniform() => (Mix(_state += 0x9E3779B97F4A7C15UL) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    private double Exponential() => -Math.Log(1 - Uniform());

    /// <summary>Marsaglia and Tsang, boosted for shapes below 1.</summary>
    private double Gamma(double shape)
    {
        if (shape < 1) return Gamma(shape + 1) * Math.Pow(1 - Uniform(), 1 / shape);
        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Math.Sqrt(2 * Exponential()) * Math.Cos(2 * Math.PI * Uniform());
            var v = 1 + c * x;
            if (v <= 0) continue;
            v = v * v * v;
            if (Math.Log(1 - Uniform()) < 0.5 * x * x + d - d * v + d * Math.Log(v)) return d * v;
        }
    }
}
