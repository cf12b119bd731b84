using System.Globalization;

namespace GrpcServing.Decoding;

/// <summary>The <c>grpc-timeout</c> header: up to eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class CallTimeout
{
    private const int MaxDigits = 8;

    /// <param name="header">Null or empty: the call has none.</param>
    /// <param name="timeout">More than nothing; <see cref="TimeSpan.MaxValue"/> when there is none.</param>
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
        return timeout > TimeSpan.Zero;
    }
}
