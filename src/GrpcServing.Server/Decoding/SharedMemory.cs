namespace GrpcServing.Decoding;

/// <summary>The parameters by which a tensor refers to shared memory, which this server does not offer.</summary>
internal static class SharedMemory
{
    public static bool IsAskedBy(in UncheckedParameter parameter) => parameter.Name.StartsWith("shared_memory_", StringComparison.Ordinal);
}
