using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>Hears what an operator should know of lanes of copies: for logs. Any thread; must return quickly.</summary>
public interface IShadowLaneObserver
{
    /// <summary>Copies run at more than the lowest priority that there is. At most once in the life of the process.</summary>
    void PriorityNotLowered(string reason);

    /// <summary>A run took longer than any may and is being terminated.</summary>
    void RunOverdue(ModelSpec spec, int rows, TimeSpan limit);

    /// <summary>A run does not end although it was terminated: its executor and its memory are given up until it does.</summary>
    void RunLost(ModelSpec spec, int rows);

    /// <summary>A run that had been given up has ended.</summary>
    void RunRecovered(ModelSpec spec);

    /// <summary>A bug: the lane runs no more copies. The primaries are not affected.</summary>
    void LaneFailed(ModelSpec spec, Exception failure);
}
