namespace GrpcServing.Shadowing;

/// <summary>A guard's verdict: PASS stays until FAIL, and FAIL stays. A mutable struct: keep it in a field.</summary>
internal struct GuardDecision
{
    public Verdict Verdict { get; private set; }

    public long? DecidedAt { get; private set; }

    public void Pass(long pairs)
    {
        if (Verdict == Verdict.Undecided) (Verdict, DecidedAt) = (Verdict.Pass, pairs);
    }

    public void Fail(long pairs)
    {
        if (Verdict != Verdict.Fail) (Verdict, DecidedAt) = (Verdict.Fail, pairs);
    }
}
