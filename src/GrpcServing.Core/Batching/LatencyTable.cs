namespace GrpcServing.Batching;

/// <summary>The measured time l(b) of a batch of b rows, per shape bucket.</summary>
/// <remarks>One owner, the lane's loop. Ticks of the owner's clock.</remarks>
public abstract class LatencyTable
{
    /// <summary>Largest batch the table speaks of.</summary>
    public abstract int MaxRows { get; }

    /// <summary>Planned ticks for a batch of this many rows; 0 while nothing is known of the bucket.</summary>
    public abstract long Estimate(int bucketId, int rows);

    /// <summary>Rows to run for this many rows: more where a larger batch is measured to be cheaper.</summary>
    public abstract int PaddedRows(int bucketId, int rows);

    /// <summary>Changes whenever an estimate may have changed, so that owners may keep copies; -1 = not tracked, ask anew every time.</summary>
    public virtual long Version => -1;

    /// <summary>Runs of other sizes since this one ran last: the more, the more its estimate is a guess. <see cref="long.MaxValue"/> when it never ran.</summary>
    public virtual long Age(int bucketId, int rows) => 0;

    /// <summary>Records one measured run.</summary>
    /// <param name="ticks">How long it took.</param>
    /// <param name="cost">What it cost the device; the same as <paramref name="ticks"/> where that is not known apart.</param>
    public abstract void Observe(int bucketId, int rows, long ticks, long cost);

    public void Observe(int bucketId, int rows, long ticks) => Observe(bucketId, rows, ticks, ticks);

    /// <summary>Times that a run takes at present of what it costs the processor, because others use it too: what is beside a run is stretched alike.</summary>
    public virtual double Stretch(int bucketId) => 1;
}
