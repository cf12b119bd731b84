namespace GrpcServing.Batching;

/// <summary>How much a lane of copies may ask of the primaries on its device.</summary>
internal sealed record SlackSettings
{
    /// <summary>Share of a deadline that copies and the primary work after them may fill together; the rest is for what was not foreseen.</summary>
    public double Gamma { get; init; } = 0.8;

    /// <summary>Longest that a primary may be held up by copies.</summary>
    public long MaxPrimaryDelay { get; init; }

    /// <summary>
    /// False: a run that is in the way of a primary is terminated, so copies run while the primaries rest. True: the device runs one batch at
    /// a time and to its end, so a copy goes first where the deadlines of the primaries leave room for both.
    /// </summary>
    public bool Defers { get; init; }

    /// <summary>A single copy may start on a resting device even if it takes longer than the deadlines allow: there it can be terminated, and primaries run beside it until it is.</summary>
    public bool SinglesMayOverrun { get; init; }
}

/// <summary>Whether a batch of copies may start now, and which size gets most done. Pure; no state.</summary>
/// <remarks>
/// A run of x rows may start only if l(x) + l_primary(m) is within the budget, for every primary lane. m are the rows that will wait when it
/// has ended: those that wait, the arrivals expected meanwhile, and two standard deviations more, of what bursts of this lane are like. The budget is what is left to the nearest
/// deadline less the reserve (1 - gamma) L, or gamma L when nobody waits; L is the usual time from arrival to deadline.
/// </remarks>
internal sealed class SlackRule(SlackSettings settings)
{
    // With less chance than this to end before the next primary comes, a run only warms the device.
    private const double LeastSurvival = 0.05;

    /// <summary>Whether copies may start at all.</summary>
    public bool IsOpen(SlackView view)
    {
        if (!view.MayRun) return false;
        return settings.Defers || !view.IsContended || !AnyPresent(view);
    }

    /// <param name="ticks">Planned time of the run.</param>
    /// <param name="single">It is the smallest that there is to run.</param>
    public bool Allows(SlackView view, long ticks, bool single, long now) => Allows(view, ticks, single, now, atRest: false);

    /// <summary>As <see cref="Allows(SlackView, long, bool, long)"/>, if nobody waited: what could be had after serving those who do.</summary>
    public bool AllowsAtRest(SlackView view, long ticks, bool single) => Allows(view, ticks, single, now: 0, atRest: true);

    /// <summary>What a batch gets done per tick of the device: its rows over its time, counting the runs that the next primary will cut short.</summary>
    public double Worth(SlackView view, int rows, long ticks)
    {
        if (settings.Defers || !view.IsContended) return rows / (double)ticks;
        // A run ends unharmed with probability e^(-rate l) and takes (1 - e^(-rate l)) / rate on average.
        var interrupted = RequestRate(view) * ticks;
        return interrupted < 1e-6 ? rows / (double)ticks : RequestRate(view) * rows / (Math.Exp(interrupted) - 1);
    }

    private bool Allows(SlackView view, long ticks, bool single, long now, bool atRest)
    {
        if (!settings.Defers && view.IsContended && Survival(view, ticks) < LeastSurvival) return false;
        var mayOverrun = single && settings.SinglesMayOverrun && (atRest || !AnyPresent(view));
        foreach (var primary in view.Primaries)
        {
            var state = atRest ? primary with { QueuedRows = 0 } : primary;
            if (!mayOverrun && !LeavesRoom(state, ticks, now)) return false;
            if (settings.Defers && !StaysWithinDelay(state, ticks, now)) return false;
        }
        return true;
    }

    private bool LeavesRoom(in PrimaryState primary, long ticks, long now)
    {
        if (primary.UsualSlack <= 0 || primary.Costs is null) return true;
        var reserve = (1 - settings.Gamma) * primary.UsualSlack;
        var budget = primary.QueuedRows == 0 ? primary.UsualSlack - reserve : (double)primary.HeadDeadline - now - reserve;
        var arriving = primary.RowRate * ticks;
        return ticks + Work(primary.Costs, primary.QueuedRows + arriving + 2 * Math.Sqrt(primary.Burstiness * arriving)) <= budget;
    }

    private bool StaysWithinDelay(in PrimaryState primary, long ticks, long now) =>
        (primary.QueuedRows > 0 ? now - primary.WaitingSince : 0) <= settings.MaxPrimaryDelay - ticks;

    /// <summary>Ticks for this many rows, in full batches and a rest.</summary>
    private static long Work(long[] costs, double rows)
    {
        var whole = (long)Math.Ceiling(rows);
        var most = costs.Length - 1;
        return whole / most * costs[most] + costs[whole % most];
    }

    private static double Survival(SlackView view, long ticks) => Math.Exp(-RequestRate(view) * ticks);

    private static double RequestRate(SlackView view)
    {
        var rate = 0.0;
        foreach (var primary in view.Primaries) rate += primary.RequestRate;
        return rate;
    }

    private static bool AnyPresent(SlackView view)
    {
        foreach (var primary in view.Primaries)
            if (primary.IsPresent) return true;
        return false;
    }
}
