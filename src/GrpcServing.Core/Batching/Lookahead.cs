namespace GrpcServing.Batching;

/// <summary>Chooses the size of the next batch, or to wait, by playing each choice forward over several possible futures.</summary>
/// <remarks>
/// <para>
/// All choices are played over the same futures and compared with what the base rule would do; one is preferred only when its gain is
/// clear of the noise. After every few futures the worse half is dropped. With deadlines equal in kind one number describes a choice: for
/// a batch of b rows the entries to take are those with the nearest deadlines among the ones that make it in l(b).
/// </para>
/// <para>
/// The work is bounded by a share of the batch it decides; where that buys too little the base rule decides. Which base rule fits the
/// lane is found by playing them over its last arrivals now and then. Deterministic; 0 bytes per call.
/// </para>
/// </remarks>
internal sealed class Lookahead
{
    /// <summary>Share of the batch that deciding it may take; with room for a slow machine below the 1 % that is promised.</summary>
    private const double Budget = 0.005;

    /// <summary>Nanoseconds per unit of <see cref="Continuation.Work"/>; measured: 5 to 6 on a server core of 2.6 GHz, up to 9 when others share its caches.</summary>
    private const double NanosecondsPerWork = 8;

    private const int MaxFutures = 32;
    private const int FuturesPerRound = 4;
    private const int MaxSizes = 12;
    private const int MaxOptions = MaxSizes + 4;

    /// <summary>Most mean times to deadline that the horizon is away, before <see cref="FurtherForSeveral"/>.</summary>
    private const double MaxHorizonSlacks = 2;

    /// <summary>Several executors take turns: what one decides shows when the others have had theirs.</summary>
    private const double FurtherForSeveral = 1.5;

    /// <summary>Standard errors by which a choice must beat the base rule's. Measured: below 3, one executor loses to its own base rule on flat profiles; of several, each choice is a smaller part and 2 serves most.</summary>
    private const double ClearOfOne = 3;
    private const double ClearOfSeveral = 2;

    /// <summary>Batches between two comparisons of the base rules, once all of the history is known: below one in a hundred, so that they stay out of the 99th percentile.</summary>
    private const int ComparisonInterval = 256;

    /// <summary>Work of comparing the base rules, per arrival that they are played over.</summary>
    private const int WorkPerReplayed = 8;

    /// <summary>Times of a single row that a full batch takes on a flat profile. Measured: 1.6 and 2 serve the same on short traces, 1.2 less.</summary>
    private const double AlmostFree = 1.6;

    /// <summary>Arrivals between two looks at the rate, where looking ahead does not do that anyway.</summary>
    private const int LookInterval = 32;

    private static readonly BaseRule[] Rules = [BaseRule.Window, BaseRule.LateWindow];

    private readonly ArrivalHistory _history;
    private readonly BatchCosts _costs;
    private readonly WorkloadCost _workload;
    private readonly Continuation _continuation;
    private readonly double _workPerTick;
    private readonly Arrivals _future = new(ArrivalHistory.Length / 4);
    private readonly Arrivals _past = new(ArrivalHistory.Length);
    private readonly double[] _scores = new double[Rules.Length];
    private readonly Option[] _options = new Option[MaxOptions];
    private int _optionCount;
    private BaseRule _rule;
    private bool _rulesCompared;
    // Of those that wait and those that come until the horizon: work per play would lag behind a queue that grows.
    private double _workPerEntry = 4;
    private long _compareAt = 32;
    private long _lookAt = 8;
    private long _batchesSince;
    // In advance, what the comparisons cost until all of the history is known: a lane of short batches would not earn them for long.
    private double _earnedWork = WorkPerReplayed * ArrivalHistory.Length;
    private long _draws;

    public Lookahead(ArrivalHistory history, BatchCosts costs, WorkloadCost workload, Continuation continuation, long ticksPerSecond)
    {
        _history = history;
        _costs = costs;
        _workload = workload;
        _continuation = continuation;
        _workPerTick = Budget * 1e9 / ticksPerSecond / NanosecondsPerWork;
    }

    /// <summary>Rows of the batch to start now, of which at least one entry makes its deadline; 0 = wait until <paramref name="waitUntil"/>.</summary>
    /// <param name="now">The continuation was begun at this instant and holds at least one entry, the first of which can make it alone.</param>
    /// <param name="mayWait">False when other work wants the executor, or the lane closes.</param>
    public int Choose(long now, int bucketId, bool mayWait, out long waitUntil)
    {
        if (_history.Count >= _lookAt) LookAtArrivals();
        var compares = ComparisonIsDue();
        if (compares) CompareRules(bucketId);
        if (!_rulesCompared) _rule = FirstRule();
        var baseSize = _continuation.Base(_rule, out var startAt);
        var canWait = mayWait && startAt > now;
        waitUntil = startAt;
        if (baseSize == 0)
        {
            // Asked again at every arrival, a little noise each time would end every wait too soon: starting cannot be taken back.
            if (canWait) return 0;
            baseSize = _continuation.Base(BaseRule.Window, out _);
        }

        // The batch that comes out may be a good deal smaller than the base rule's.
        var work = Math.Min(_costs.Ticks[baseSize], 3 * _costs.Ticks[1]) * _workPerTick;
        _batchesSince++;
        _earnedWork += work;
        // One or the other: both in one decision would be too long for its batch.
        if (compares || _history.Rate == 0) return baseSize;
        var horizon = Horizon(now);
        var entries = _continuation.Waiting + 1 + _history.Rate * (horizon - now);
        var plays = (int)Math.Min(MaxFutures * MaxOptions, work / (_workPerEntry * entries));
        if (plays < 2 * FuturesPerRound) return baseSize;

        LookAtArrivals();
        ListOptions(baseSize, canWait, plays / FuturesPerRound);
        if (_optionCount == 1) return baseSize;
        var chosen = Compare(now, bucketId, startAt, horizon, plays, out var played);
        _workPerEntry += (_continuation.Work / (played * entries) - _workPerEntry) / 8;
        if (chosen.Size > 0) _draws++;
        else if (chosen.Arrivals > 0) waitUntil = Math.Min(startAt, now + Math.Max(1, (long)(0.5 * chosen.Arrivals / _history.Rate)));
        return chosen.Size;
    }

    private void ListOptions(int baseSize, bool canWait, int most)
    {
        _optionCount = 0;
        AddOption(new Option(baseSize, 0));
        if (canWait)
        {
            AddOption(new Option(0, 0));
            if (_optionCount < most) AddOption(new Option(0, 1 + _continuation.Waiting / 4));
        }
        var largest = Math.Min(_continuation.WaitingRows, _costs.BestRows);
        var sizes = Math.Min(MaxSizes, most - _optionCount);
        if (largest <= sizes)
        {
            for (var size = largest; size >= 1; size--)
                if (size != baseSize && _continuation.RowsTaken(size) == size) AddOption(new Option(size, 0));
            return;
        }
        // Spread from the largest down to a seventh of it, whatever their number.
        var ratio = Math.Pow(1.0 / 7, 1.0 / Math.Max(1, sizes - 1));
        var last = baseSize;
        for (var (i, exact) = (0, (double)largest); i < sizes; i++, exact *= ratio)
        {
            var size = _costs.LastOfStep((int)(exact + 0.5), largest);
            if (size < 1) break;
            if (size == last || size == baseSize) continue;
            var taken = _continuation.RowsTaken(size);
            // With few that make it in a large batch a smaller one serves the same.
            if (taken * 10 >= size * 9) AddOption(new Option(size, 0));
            last = size;
        }
    }

    private void AddOption(Option option)
    {
        if (_optionCount < MaxOptions) _options[_optionCount++] = option;
    }

    private Option Compare(long now, int bucketId, long startAt, long farthest, int plays, out int played)
    {
        _continuation.Work = 0;
        _history.Restart(_draws);
        (var futures, played, var alive) = (0, 0, _optionCount);
        while (futures < MaxFutures && alive > 1 && (futures == 0 || played + alive * FuturesPerRound <= plays))
        {
            for (var i = 0; i < FuturesPerRound; i++)
            {
                _history.Draw(now, farthest, bucketId, _future);
                // Beyond what a future holds there would be silence.
                var horizon = _future.IsFull ? Math.Max(now + 1, _future.At[_future.Count - 1]) : farthest;
                _continuation.Work += _future.Count;
                var reference = Play(_options[0], startAt, horizon);
                for (var option = 1; option < alive; option++)
                    _options[option].Note(Play(_options[option], startAt, horizon) - reference);
            }
            futures += FuturesPerRound;
            played += alive * FuturesPerRound;
            if (futures >= 2 * FuturesPerRound || alive > 6) alive = DropWorst(alive, Math.Max(2, (alive + 1) / 2));
            if (alive == 2 && futures >= 2 * FuturesPerRound && _options[1].IsSettled(futures)) break;
        }
        var clear = _continuation.Executors == 1 ? ClearOfOne : ClearOfSeveral;
        var (best, bestGain) = (0, 1e-9);
        for (var option = 1; option < alive; option++)
        {
            var gain = _options[option].ClearGain(futures, clear);
            if (gain > bestGain) (best, bestGain) = (option, gain);
        }
        return _options[best];
    }

    /// <summary>
    /// What is decided now matters until those that wait now are gone: one mean time to deadline. Where full batches are short against
    /// that, the lane can be behind without anybody being late yet, and the price of it shows later.
    /// </summary>
    private long Horizon(long now)
    {
        var slack = _history.MeanSlack;
        var slacks = Math.Clamp(slack / (2.0 * _costs.Ticks[_costs.BestRows]), 1, MaxHorizonSlacks) * (_continuation.Executors > 1 ? FurtherForSeveral : 1);
        return now + (long)Math.Max(Math.Min(slacks * slack, _future.Capacity / _history.Rate), _costs.Ticks[1]);
    }

    private void LookAtArrivals()
    {
        _lookAt = _history.Count + LookInterval;
        _history.Look();
        if (_history.Rate > 0) _workload.Fit(_history.Rate, _history.MeanRows, _history.MeanSlack, _history.Dispersion, _costs);
    }

    private double Play(in Option option, long startAt, long horizon) => option.Size > 0
        ? _continuation.PlayStart(option.Size, _future, _rule, horizon)
        : _continuation.PlayWait(startAt, option.Arrivals, _future, _rule, horizon);

    private int DropWorst(int alive, int keep)
    {
        while (alive > keep)
        {
            var worst = 1;
            for (var option = 2; option < alive; option++)
                if (_options[option].Sum < _options[worst].Sum) worst = option;
            _options[worst] = _options[--alive];
        }
        return alive;
    }

    /// <summary>The rule until arrivals can tell: to wait for company where that is almost free.</summary>
    private BaseRule FirstRule() => _costs.Ticks[_costs.BestRows] < AlmostFree * _costs.Ticks[1] ? BaseRule.LateWindow : BaseRule.Window;

    private bool ComparisonIsDue() =>
        _history.Count >= _compareAt
        && _earnedWork >= WorkPerReplayed * Math.Min(_history.Count, ArrivalHistory.Length)
        && (_history.Count < ArrivalHistory.Length || _batchesSince >= ComparisonInterval);

    /// <summary>Plays each rule over the last arrivals as they came; the lane keeps to the one that has served most of late.</summary>
    private void CompareRules(int bucketId)
    {
        _compareAt = _history.Count + Math.Min(_history.Count, ArrivalHistory.Length / 2);
        _batchesSince = 0;
        _history.Replay(bucketId, _past);
        _earnedWork = Math.Min(_earnedWork - WorkPerReplayed * _past.Count, WorkPerReplayed * ArrivalHistory.Length);
        if (_past.Count < 16) return;
        _rulesCompared = true;
        var best = (int)_rule;
        for (var rule = 0; rule < Rules.Length; rule++) _scores[rule] = 0.7 * _scores[rule] + _continuation.Replay(_past, Rules[rule]);
        for (var rule = 0; rule < Rules.Length; rule++)
            if (_scores[rule] > _scores[best] * 1.002) best = rule;
        _rule = Rules[best];
    }

    /// <param name="Size">Rows of the batch to start; 0 = wait.</param>
    /// <param name="Arrivals">With size 0: how many arrivals end the wait early; 0 = none.</param>
    private record struct Option(int Size, int Arrivals)
    {
        private double _squares;

        /// <summary>Gain over the base rule's choice, over all futures.</summary>
        public double Sum { get; private set; }

        public void Note(double gain)
        {
            Sum += gain;
            _squares += gain * gain;
        }

        public readonly double ClearGain(int futures, double errors) => Sum / futures - errors * StandardError(futures);

        public readonly bool IsSettled(int futures) => Math.Abs(Sum / futures) > 3 * StandardError(futures);

        private readonly double StandardError(int futures)
        {
            var mean = Sum / futures;
            return Math.Sqrt(Math.Max(0, _squares / futures - mean * mean) / futures);
        }
    }
}
