using System.Globalization;

namespace GrpcServing.Decoding;

/// <summary>The <c>grpc-timeout</c> header: up to eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class CallTimeout
{
    private const int MaxDigits = 8;

    /// <summary>As much as gRPC's libraries take: three years. More hours than that would not fit a clock of nanoseconds.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(99_999_999);

    /// <param name="header">Null or empty: the call has none.</param>
    /// <param name="timeout">More than nothing, at most three years; <see cref="TimeSpan.MaxValue"/> when there is none.</param>
    /// <returns>False when it is not what the protocol knows, or is zero.</returns>
    public static bool TryRead(string? header, out TimeSpan timeout)
    {
        timeout = TimeSpan.MaxValue;
        if (string.IsNullOrEmpty(header)) return true;
        if (header.Length > MaxDigits + 1 || !long.TryParse(header.AsSpan(0, header.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return false;
        timeout = header[^1] switch
        {
            'H' => TimeSpan.FromHours(value),
            'M' => TimeSpan.FromMinutes(value),
            'S' => TimeSpan.FromSeconds(value),
            'm' => TimeSpan.FromMilliseconds(value),
            'u' => TimeSpan.FromMicroseconds(value),
            'n' => TimeSpan.FromTicks(value / TimeSpan.NanosecondsPerTick),
            _ => TimeSpan.Zero,
        };
        if (timeout > Longest) timeout = Longest;
        return timeout > TimeSpan.Zero;
    }
}
