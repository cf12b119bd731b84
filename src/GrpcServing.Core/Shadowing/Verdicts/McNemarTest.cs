namespace GrpcServing.Shadowing;

/// <summary>Compares two sides by the observations on which they differ: sequential McNemar.</summary>
/// <remarks>
/// <para>With b where only the first side holds and c where only the second does, the uniform mixture gives
/// <c>E = B(1+b, 1+c) 2^(b+c)</c> against "both equally often": the beta-binomial test at one half with the prior Beta(1, 1).</para>
/// <para>Two uses: candidate's against control's disagreements with the primary, and with labels the candidate right where the primary is
/// wrong against the reverse. Observations on which both sides hold or neither does carry no evidence and are not fed.</para>
/// </remarks>
internal sealed class McNemarTest(double alpha)
{
    private readonly BetaBinomialTest _test = new(.5, alpha);

    /// <summary>b.</summary>
    public long First => _test.Ones;

    /// <summary>c.</summary>
    public long Second => _test.Zeros;

    /// <summary>ln E, two-sided.</summary>
    public double LogE => _test.LogE;

    /// <summary>Which side was shown to hold more often: FAIL the first, PASS the second. The first decision stays.</summary>
    public Verdict Verdict => _test.Verdict;

    /// <summary>Differing observations at the first decision; null while undecided.</summary>
    public long? DecidedAt => _test.DecidedAt;

    public double AlwaysValidP => _test.AlwaysValidP;

    /// <param name="first">True where only the first side holds, false where only the second does.</param>
    public void Observe(bool first) => _test.Observe(first);

    /// <summary>Confidence sequence of the first side's share of the differing observations; one half means equal.</summary>
    public (double Lower, double Upper) Interval() => _test.Interval();
}
