using System.IO.Hashing;
using System.Runtime.InteropServices;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>One number for a request, from which everything that a shadow decides by chance is decided.</summary>
/// <remarks>
/// Made from the model's name and the caller's id, or the contents of the inputs where there is no id: so every replica, and every replay,
/// decides alike, and requests of one id are decided together. XXH3; a kilobyte takes about 50 ns. Pure, any thread.
/// </remarks>
internal static class RequestHash
{
    /// <summary>To be passed to <see cref="Of"/>.</summary>
    public static long SeedOf(string model) => (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(model.AsSpan()));

    /// <param name="modelSeed">Of the model the request is for.</param>
    public static ulong Of(long modelSeed, DecodedRequest request)
    {
        if (request.Id.Length > 0) return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(request.Id.AsSpan()), modelSeed);
        var hash = (ulong)modelSeed;
        for (var input = 0; input < request.Inputs.Length; input++) hash = XxHash3.HashToUInt64(request.Input(input), (long)hash);
        return hash;
    }

    /// <summary>Whether a request belongs to a share of the traffic. A larger share holds every request of a smaller one.</summary>
    /// <param name="share">0..1; 0 holds none, 1 holds all.</param>
    /// <param name="purpose">Shares of different purposes are independent of each other.</param>
    public static bool IsIn(ulong hash, double share, HashPurpose purpose)
    {
        var own = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in hash)), (long)purpose);
        // The upper 53 bits, as a double in [0, 1).
        return (own >> 11) * (1.0 / (1UL << 53)) < share;
    }
}

/// <summary>What is decided by <see cref="RequestHash.IsIn"/>. The values are seeds: a new one never changes what the others decide.</summary>
internal enum HashPurpose
{
    /// <summary>Whether the request is copied.</summary>
    Mirror = 1,
    /// <summary>Whether the primary runs its copy too.</summary>
    Control = 2,
    /// <summary>Whether it is kept as a sample of the traffic.</summary>
    Capture = 3,
}
