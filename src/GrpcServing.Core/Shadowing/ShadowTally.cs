using System.Collections.Immutable;
using GrpcServing.Batching;

namespace GrpcServing.Shadowing;

/// <summary>Everything that a shadow has seen: pairs, drops, evidence. The one owner of it is the thread of its <see cref="ShadowSession"/>.</summary>
/// <remarks>After the session has ended nothing changes any more and any thread may read. Memory is bounded: every part says by what.</remarks>
internal sealed class ShadowTally
{
    // Fewer requests than this do not show whether drops follow load.
    private const int RequestsForCorrelation = 1000;
    private const double NoCorrelation = 0.05;

    private readonly ShadowTap _tap;
    private readonly TimeProvider _time;
    private readonly ShadowVerdict _verdict;
    private readonly PairComparer _comparer;
    private readonly PairComparer _controlComparer;
    private readonly SliceTable _slices = new(SliceCounts.MaxSlices + 1);
    private readonly bool _hasControl;
    private readonly double _minimumCoverage;
    private readonly long[] _dropped = new long[CopyDrops.Count];
    private readonly long _startedTicks;
    private long _firstPairAt = -1;
    private readonly long[] _pairs = new long[PairOutcomes.Count];
    private long _controlPairs;
    private long _controlDisagreements;
    private string? _misfit;
    private string? _lastError;

    public ShadowTally(ShadowSides sides, ShadowSettings settings, ShadowTap tap, bool hasControl, TimeProvider time)
    {
        Sides = sides;
        Settings = settings;
        _tap = tap;
        _time = time;
        _hasControl = hasControl;
        _startedTicks = time.GetTimestamp();
        StartedAt = time.GetUtcNow();
        var comparators = settings.ToComparatorOptions();
        var options = settings.ToVerdictOptions();
        _verdict = new ShadowVerdict(options);
        _minimumCoverage = options.MinimumCoverage;
        _comparer = new PairComparer(sides.Primary, sides.Candidate, comparators);
        _controlComparer = new PairComparer(sides.Primary, sides.Primary, comparators);
        Outputs = [.. sides.Primary.Outputs.Select(static output => new OutputTally(output.Name))];
        Execution = new ExecutionTally(time.TimestampFrequency);
        Coverage = new CoverageTally(ShadowTap.WindowLength.TotalSeconds);
        Disagreements = new Disagreements(sides);
    }

    public ShadowSides Sides { get; }

    /// <summary>As in force.</summary>
    public ShadowSettings Settings { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>In the order of the primary's outputs.</summary>
    public ImmutableArray<OutputTally> Outputs { get; }

    public ConfusionTally Confusion { get; } = new();

    public ExecutionTally Execution { get; }

    public EvidenceSeries Series { get; } = new();

    public CoverageTally Coverage { get; }

    public Disagreements Disagreements { get; }

    /// <summary>Eligible requests by slice.</summary>
    public SliceCounts Slices => _tap.Slices;

    public Verdict Verdict => _verdict.Verdict;

    /// <summary>Share of the next pairs that should be run by the primary too.</summary>
    public double ControlShare => _hasControl ? _verdict.ControlShare : 0;

    public long Compared { get; private set; }

    /// <summary>What a class is called in reports.</summary>
    public string ClassName(int number) => number == ConfusionTally.Other ? SliceCounts.OtherName : _comparer.ClassName(Confusion.Output, number);

    /// <summary>Name of a slice in <see cref="VerdictSnapshot.Slices"/>.</summary>
    public string SliceName(int slice) => slice == SliceTable.Other ? SliceCounts.OtherName : _slices[slice].Value;

    /// <summary>An admitted copy that does not become a pair.</summary>
    /// <param name="why">For what does not fit: the first reason is shown.</param>
    public void Drop(ShadowCopy copy, CopyDrop reason, string? why = null)
    {
        _dropped[(int)reason]++;
        copy.Window.Dropped++;
        if (reason == CopyDrop.NotComparable) _misfit ??= why;
    }

    /// <summary>Compares a pair and counts it.</summary>
    /// <param name="capture">Is offered the pair; null when nothing is kept.</param>
    public PairOutcome Add(in ShadowPair pair, ShadowCopy copy, IShadowCapture? capture)
    {
        var rows = pair.Request.Rows;
        var primaryFailed = pair.Primary.Result is null;
        var candidateFailed = pair.Candidate.Result is null;
        var comparison = primaryFailed ? _comparer.PrimaryFailed(rows, candidateFailed)
            : candidateFailed ? _comparer.CandidateFailed(rows)
            : _comparer.Compare(pair.Primary.Result!, pair.Candidate.Result!, rows);
        var disagrees = comparison.Disagrees;
        var faulted = comparison.Faults != CandidateFaults.None;
        var slice = SliceOf(pair.Slice);

        _verdict.Observe(disagrees, faulted, slice);
        var outcome = primaryFailed ? PairOutcome.PrimaryError : faulted ? PairOutcome.CandidateError : disagrees ? PairOutcome.Disagree : PairOutcome.Agree;
        _pairs[(int)outcome]++;
        Compared++;
        copy.Window.Compared++;
        if (_firstPairAt < 0) _firstPairAt = _time.GetTimestamp();
        if (candidateFailed && !primaryFailed) _lastError = pair.Candidate.Error.Message;
        for (var output = 0; output < Outputs.Length; output++) Outputs[output].Add(comparison.Outputs[output]);
        Confusion.Add(comparison);
        var captureId = capture?.Offer(pair, comparison) ?? 0;
        if (disagrees) Disagreements.Add(pair, comparison, captureId);

        if (pair.Control is { } control && !primaryFailed) AddControl(pair, control, disagrees, slice);
        AddExecution(copy);
        _verdict.Decide(Conditions());
        if (Series.Wants(Compared)) Series.Add(Point(_verdict.Snapshot(Conditions())));
        return outcome;
    }

    /// <summary>The evidence as it stands.</summary>
    public EvidencePoint Point(VerdictSnapshot verdict) => new(
        _time.GetUtcNow(), verdict.Pairs, verdict.Guards.First(static guard => guard.Guard == Guard.Disagreement),
        verdict.Guards.FirstOrDefault(static guard => guard is { Guard: Guard.ExecutionTime, Observations: > 0 }), verdict.Coverage);

    /// <param name="state">As the session knows it.</param>
    /// <param name="endedAt">Null while it runs.</param>
    public ShadowReading Read(ShadowState state, DateTimeOffset? endedAt, string? endReason)
    {
        var notChosen = _tap.NotChosen;
        var dropped = _dropped.Select((count, reason) => count + _tap.TurnedAway((CopyDrop)reason)).ToImmutableArray();
        // After the others, which are only ever added to: what was admitted since counts as waiting.
        var mirrored = _tap.Admitted;
        var verdict = _verdict.Snapshot(Conditions());
        return new ShadowReading
        {
            State = state,
            StartedAt = StartedAt,
            EndedAt = endedAt,
            Verdict = verdict,
            Reason = VerdictText.Describe(verdict, Settings, Elapsed, endReason, _misfit, dropped[(int)CopyDrop.NotComparable], _lastError),
            Agreeing = _pairs[(int)PairOutcome.Agree],
            Disagreeing = _pairs[(int)PairOutcome.Disagree],
            CandidateErrors = _pairs[(int)PairOutcome.CandidateError],
            PrimaryErrors = _pairs[(int)PairOutcome.PrimaryError],
            ControlPairs = _controlPairs,
            ControlDisagreements = _controlDisagreements,
            NotChosen = notChosen,
            Mirrored = mirrored,
            Dropped = dropped,
            Waiting = mirrored - Compared - _dropped.Sum(),
            WaitingBytes = _tap.Bytes,
            Fraction = endedAt is null ? Settings.Fraction * _tap.Share : 0,
        };
    }

    private TimeSpan Elapsed => _firstPairAt < 0 ? TimeSpan.Zero : _time.GetElapsedTime(_firstPairAt);

    private VerdictConditions Conditions()
    {
        // What still waits says nothing yet, for or against.
        var chosen = Compared;
        for (var reason = 0; reason < _dropped.Length; reason++) chosen += _dropped[reason] + _tap.TurnedAway((CopyDrop)reason);
        return new VerdictConditions(Elapsed, chosen, IsUnbiased(chosen));
    }

    /// <summary>Drops that do not follow the load leave a fair sample; requests that do not fit the candidate are never a matter of chance.</summary>
    private bool IsUnbiased(long chosen) =>
        Coverage.Requests >= RequestsForCorrelation && Math.Abs(Coverage.LoadCorrelation) <= NoCorrelation
        && _dropped[(int)CopyDrop.NotComparable] <= (1 - _minimumCoverage) * chosen;

    private int SliceOf(string name) => Settings.SliceParameter.Length == 0 ? -1
        : name == SliceCounts.OtherName ? SliceTable.Other
        : _slices.IndexOf(new SliceKey(Settings.SliceParameter, name));

    private void AddControl(in ShadowPair pair, in ShadowAnswer control, bool candidateDisagrees, int slice)
    {
        var rows = pair.Request.Rows;
        var controlDisagrees = control.Result is null || _controlComparer.Compare(pair.Primary.Result!, control.Result, rows).Disagrees;
        _controlPairs++;
        if (controlDisagrees) _controlDisagreements++;
        _verdict.ObserveControl(candidateDisagrees, controlDisagrees, slice);
    }

    private void AddExecution(ShadowCopy copy)
    {
        Execution.AddPrimary(copy.PrimaryBatch, copy.PrimaryRun);
        if (copy.Control is { } control) Observe(Execution.AddReference(control.Batch, control.Answer.Run));
        else if (!_hasControl) Observe(Execution.AddReference(copy.PrimaryBatch, copy.PrimaryRun));
        Observe(Execution.AddCandidate(copy.Candidate!.Batch, copy.Candidate.Answer.Run));
    }

    private void Observe((double Primary, double Candidate)? runs)
    {
        if (runs is { } both) _verdict.ObserveExecution(both.Primary, both.Candidate);
    }
}
