namespace GrpcServing.Shadowing;

/// <summary>Maps a ratio of two times into [0, 1], where section 3.3's sequences work, and back.</summary>
/// <remarks>
/// <c>X = (clip(ln(candidate / primary), -ln 4, ln 4) + ln 4) / (2 ln 4)</c>. The mean of X is a winsorised geometric mean ratio; one half
/// means equal.
/// </remarks>
internal static class ExecutionRatio
{
    private static readonly double Clip = Math.Log(4);

    public static double ToUnit(double ratio) => (Math.Clamp(Math.Log(ratio), -Clip, Clip) + Clip) / (2 * Clip);

    public static double FromUnit(double x) => Math.Exp(x * 2 * Clip - Clip);
}
