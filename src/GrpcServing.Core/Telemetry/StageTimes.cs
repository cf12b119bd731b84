namespace GrpcServing.Telemetry;

/// <summary>Instants between the stages of one execution, in ticks of the lane's clock.</summary>
public readonly record struct StageTimes(long Started, long Gathered, long Executed, long Scattered);
