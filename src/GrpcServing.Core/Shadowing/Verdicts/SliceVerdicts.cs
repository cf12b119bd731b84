using System.Collections.Immutable;

namespace GrpcServing.Shadowing;

/// <summary>Which slices of the traffic exceed the disagreement budget, many of them watched at once.</summary>
/// <remarks>
/// <para>Per slice the evidence that its rate is above the budget; e-BH over all slices seen keeps the share of wrong ones among those
/// reported at alpha, whatever their dependence and whenever one looks. With control pairs a slice fails by its excess over the control,
/// as the whole does, and is a suspect by its rate alone.</para>
/// <para>The slices seen are taken as given: which requests arrive is not what is tested. One thread; allocates when a slice is new.</para>
/// </remarks>
internal sealed class SliceVerdicts(VerdictOptions options)
{
    private readonly bool _controlled = options.ControlShare > 0;
    private readonly List<Slice> _slices = [];
    private double[] _logEs = [];
    private double[] _scratch = [];
    private bool[] _rejected = [];

    /// <summary>Some slice is a suspect that its control pairs have neither failed nor cleared.</summary>
    public bool HasSuspect { get; private set; }

    public void Observe(int slice, bool disagrees)
    {
        var counted = Of(slice);
        counted.Rate.Observe(disagrees);
        if (disagrees) Settle();
    }

    public void ObserveControl(int slice, bool candidateDisagrees, bool controlDisagrees)
    {
        Of(slice).Excess.Observe(candidateDisagrees, controlDisagrees);
        if (HasSuspect) Settle();
    }

    public ImmutableArray<SliceReading> Read()
    {
        Settle();
        var readings = ImmutableArray.CreateBuilder<SliceReading>();
        for (var i = 0; i < _slices.Count; i++)
        {
            var slice = _slices[i];
            if (slice.Rate.Observations == 0) continue;
            var (lower, upper) = slice.Rate.Interval();
            readings.Add(new SliceReading(i, slice.Rate.Observations, slice.Rate.Ones, slice.Excess.Pairs, slice.Excess.ControlOnly + slice.Excess.Both,
                slice.Fails, slice.Suspect, lower, upper, slice.Rate.LogE));
        }
        return readings.ToImmutable();
    }

    private Slice Of(int slice)
    {
        while (_slices.Count <= slice) _slices.Add(new Slice(new BetaBinomialTest(options.DisagreementBudget, options.Alpha)));
        return _slices[slice];
    }

    private void Settle()
    {
        var seen = _slices.Count;
        if (_logEs.Length < seen)
            (_logEs, _scratch, _rejected) = (new double[2 * seen], new double[2 * seen], new bool[2 * seen]);

        for (var i = 0; i < seen; i++) _logEs[i] = OneSidedEvidence.LogE(_slices[i].Rate);
        EValues.BenjaminiHochberg(_logEs.AsSpan(0, seen), options.Alpha, _rejected, _scratch);
        for (var i = 0; i < seen; i++) _slices[i].Suspect = _slices[i].Fails = _rejected[i];
        HasSuspect = false;
        if (!_controlled) return;

        for (var i = 0; i < seen; i++) _logEs[i] = _slices[i].Excess.LogEAbove(options.DisagreementBudget);
        EValues.BenjaminiHochberg(_logEs.AsSpan(0, seen), options.Alpha, _rejected, _scratch);
        for (var i = 0; i < seen; i++)
        {
            var slice = _slices[i];
            slice.Fails = _rejected[i];
            HasSuspect |= slice.Suspect && !slice.Fails && slice.Excess.LogEBelow(options.DisagreementBudget) < -Math.Log(options.Alpha);
        }
    }

    private sealed class Slice(BetaBinomialTest rate)
    {
        public readonly BetaBinomialTest Rate = rate;
        public readonly ExcessTest Excess = new();
        public bool Fails;
        public bool Suspect;
    }
}
