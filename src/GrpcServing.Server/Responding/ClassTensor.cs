namespace GrpcServing.Responding;

/// <summary>The top classes of an output: a BYTES tensor in raw form.</summary>
internal sealed record ClassTensor(long[] Shape, ReadOnlyMemory<byte> Raw);
