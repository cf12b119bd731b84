namespace GrpcServing.Simulator;

/// <summary>What became of a trace and of the copies of its requests.</summary>
internal sealed class ShadowOutcome
{
    /// <summary>Of the primary alone.</summary>
    public Outcome Primary { get; } = new();

    public int Copies { get; set; }

    /// <summary>Copies that ran.</summary>
    public int Compared { get; set; }

    /// <summary>Runs of copies that were cut short.</summary>
    public int Preempted { get; set; }

    /// <summary>Device time of copies, and the part of it that was cut short.</summary>
    public long ShadowTicks { get; set; }

    public long WastedTicks { get; set; }

    /// <summary>Longest that the device was kept from somebody who waited for it.</summary>
    public long LongestDelay { get; set; }

    /// <summary>Start and rows of every primary batch, in order.</summary>
    public List<(long At, int Rows)> Starts { get; } = [];

    public double Coverage => Copies == 0 ? 0 : (double)Compared / Copies;
}
