namespace GrpcServing.Batching;

/// <summary>A device at one instant, as lanes of copies see it. Filled by the owner of a <see cref="SlackScheduler"/> before it asks for a decision; reused.</summary>
internal sealed class SlackView
{
    /// <summary>False: nothing may start whatever the primaries do, since the processor is needed elsewhere, or copies are held off.</summary>
    public bool MayRun { get; set; } = true;

    /// <summary>Whether a run and the primaries would slow each other down: then it runs only while no primary is present.</summary>
    public bool IsContended { get; set; } = true;

    /// <summary>When to look again if nothing may start now.</summary>
    public long LookAgainAt { get; set; } = long.MaxValue;

    public List<PrimaryState> Primaries { get; } = [];
}
