namespace GrpcServing.Simulator;

/// <summary>One request of a trace; instants in nanoseconds.</summary>
internal readonly record struct Arrival(long At, long Deadline, int Rows);
