namespace GrpcServing.Shadowing;

/// <summary>What the evidence says about a candidate. Running out of time is never <see cref="Pass"/>.</summary>
internal enum Verdict : byte
{
    Undecided,
    Pass,
    Fail,
}
