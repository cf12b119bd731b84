namespace GrpcServing;

/// <summary>Exit codes of <c>gserve</c>. Those of a verdict are below 64, those of a command that could not do its work are sysexits.h's.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Fail = 1;
    public const int Undecided = 2;
    /// <summary>The command line is wrong (EX_USAGE).</summary>
    public const int Usage = 64;
    /// <summary>The input is not what it should be (EX_DATAERR).</summary>
    public const int InvalidInput = 65;
    /// <summary>The input cannot be read (EX_NOINPUT).</summary>
    public const int NoInput = 66;
    /// <summary>No server answers, or what was asked for is not ready (EX_UNAVAILABLE).</summary>
    public const int Unavailable = 69;
    /// <summary>The server refused, and said why (EX_SOFTWARE).</summary>
    public const int Refused = 70;
    /// <summary>A file cannot be written (EX_CANTCREAT).</summary>
    public const int CannotWrite = 73;
}
