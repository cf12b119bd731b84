using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class ShadowVerdictTests
{
    private static readonly VerdictConditions Enough = new(TimeSpan.FromDays(2), 0, UnbiasedSample: true);

    [Fact]
    public void Decide_ByteIdenticalCandidate_PassesAtThePredictedPair()
    {
        var lane = new SimulatedLane(new VerdictOptions());

        var decidedAt = lane.RunUntilDecided(1000);

        Assert.Equal(Verdict.Pass, lane.Verdict.Verdict);
        Assert.Equal(473, decidedAt);
        Assert.Equal(473, lane.Verdict.Snapshot(Enough).DecidedAt);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(.05)]
    public void Decide_FivePercentFlipped_FailsWithinHundredsOfPairs(double controlShare)
    {
        var decided = Enumerable.Range(0, 200).Select(run =>
        {
            var lane = new SimulatedLane(new VerdictOptions { ControlShare = controlShare }, run) { Flips = .05 };
            var at = lane.RunUntilDecided(5000);
            Assert.Equal(Verdict.Fail, lane.Verdict.Verdict);
            return at;
        }).Order().ToArray();

        Assert.InRange(decided[100], 100, 450);
        Assert.InRange(decided[180], 100, 900);
    }

    /// <summary>A candidate that is the primary, on a device where one answer in thirty depends on the batch.</summary>
    [Fact]
    public void Decide_NoiseOnBothSides_NeverFailsAndPassesInTime()
    {
        var verdicts = Enumerable.Range(0, 40).Select(run =>
        {
            var lane = new SimulatedLane(new VerdictOptions(), run) { Noise = .03 };
            lane.RunUntilDecided(20_000);
            return lane.Verdict.Verdict;
        }).ToArray();

        Assert.InRange(verdicts.Count(static verdict => verdict == Verdict.Fail), 0, 2);
        Assert.True(verdicts.Count(static verdict => verdict == Verdict.Pass) > 30, $"{verdicts.Count(static verdict => verdict == Verdict.Pass)} passed");
    }

    [Fact]
    public void Decide_FlipsBeneathTheNoise_Fails()
    {
        var verdicts = Enumerable.Range(0, 50).Select(run =>
        {
            var lane = new SimulatedLane(new VerdictOptions(), run) { Noise = .03, Flips = .05 };
            lane.RunUntilDecided(20_000);
            return lane.Verdict.Verdict;
        });

        Assert.All(verdicts, static verdict => Assert.Equal(Verdict.Fail, verdict));
    }

    /// <summary>At the budget any decision is wrong.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(.05, 0)]
    [InlineData(.05, .02)]
    public void Decide_ExcessAtTheBudget_IsWrongInAtMostAlphaOfTheRuns(double controlShare, double noise)
    {
        const int Runs = 300;
        var wrong = 0;
        for (var run = 0; run < Runs; run++)
        {
            // The control copy has the same noise, so the excess is what flips add to it.
            var lane = new SimulatedLane(new VerdictOptions { ControlShare = controlShare, ExecutionRatioBudget = 0 }, run) { Noise = noise, Flips = .01 / (1 - noise) };
            lane.RunUntilDecided(2500);
            if (lane.Verdict.Verdict != Verdict.Undecided) wrong++;
        }

        Assert.InRange(wrong, 0, Runs * .05);
    }

    [Fact]
    public void ControlShare_WhileTheNoiseIsUnknown_IsAll()
    {
        var verdict = new ShadowVerdict(new VerdictOptions { MinimumControlPairs = 10 });
        Assert.Equal(1, verdict.ControlShare);

        for (var i = 0; i < 10; i++) verdict.ObserveControl(false, false);
        Assert.Equal(.05, verdict.ControlShare);

        for (var i = 0; i < 30; i++) verdict.Observe(disagrees: true, faulted: false);
        Assert.Equal(1, verdict.ControlShare);
        Assert.Equal(Verdict.Undecided, verdict.Verdict);
        Assert.True(verdict.Snapshot(Enough).Pending.HasFlag(Pending.ControlPairs));
    }

    [Fact]
    public void ControlShare_WhileASliceIsSuspect_IsAllUntilItIsSettled()
    {
        var verdict = new ShadowVerdict(new VerdictOptions { MinimumControlPairs = 0 });
        for (var i = 0; i < 5000; i++) verdict.Observe(disagrees: false, faulted: false, slice: 1);
        Assert.Equal(.05, verdict.ControlShare);

        for (var i = 0; i < 20; i++) verdict.Observe(disagrees: true, faulted: false, slice: 2);
        Assert.Equal(1, verdict.ControlShare);

        for (var i = 0; i < 40; i++) verdict.ObserveControl(candidateDisagrees: true, controlDisagrees: false, slice: 2);
        Assert.True(verdict.Snapshot(Enough).Slices[1].Fail);
    }

    [Fact]
    public void ControlShare_WithoutControl_IsNone() => Assert.Equal(0, new ShadowVerdict(new VerdictOptions { ControlShare = 0 }).ControlShare);

    [Theory]
    [InlineData(.5, 1000, false, "Time, Coverage")]
    [InlineData(.5, 600, false, "Time")]
    [InlineData(25, 1000, false, "Coverage")]
    [InlineData(25, 1000, true, "None")]
    [InlineData(25, 600, false, "None")]
    [InlineData(25, 0, false, "None")]
    public void Snapshot_GuardsPassed_PassesOnlyWithTimeAndCoverage(double hours, long eligible, bool unbiased, string pending)
    {
        var verdict = Passing(590);

        var snapshot = verdict.Snapshot(new VerdictConditions(TimeSpan.FromHours(hours), eligible, unbiased));

        Assert.Equal(pending, snapshot.Pending.ToString());
        Assert.Equal(pending == "None" ? Verdict.Pass : Verdict.Undecided, snapshot.Verdict);
    }

    [Fact]
    public void Decide_LongAfterItShouldHaveEnded_IsNeverPassByThat()
    {
        var verdict = Passing(299);

        Assert.Equal(Verdict.Undecided, verdict.Decide(new VerdictConditions(TimeSpan.FromDays(10_000), 299, UnbiasedSample: true)));
    }

    [Fact]
    public void Decide_FewPairsWithALooseBudget_WaitsForTheMinimum()
    {
        var verdict = Passing(299, new VerdictOptions { DisagreementBudget = .5, FaultCeiling = .5 });
        Assert.Equal(Pending.Pairs, verdict.Snapshot(Enough).Pending);

        verdict.Observe(false, false);

        Assert.Equal(Verdict.Pass, verdict.Decide(Enough));
    }

    [Fact]
    public void Observe_FaultsOverTheirBudget_FailAtOnceAndStay()
    {
        var verdict = new ShadowVerdict(new VerdictOptions());
        var pairs = 0;
        while (verdict.Verdict == Verdict.Undecided && pairs < 1000) verdict.Observe(disagrees: false, faulted: ++pairs % 50 == 0);

        Assert.Equal(Verdict.Fail, verdict.Verdict);
        Assert.Equal(350, pairs);
        for (var i = 0; i < 10_000; i++) verdict.Observe(false, false);
        var snapshot = verdict.Snapshot(Enough);
        Assert.Equal((Verdict.Fail, Guard.Faults, pairs), (snapshot.Verdict, snapshot.FailedGuard, snapshot.DecidedAt));
        Assert.Equal(snapshot.Faults, snapshot.Disagreements);
    }

    [Fact]
    public void Observe_FaultsOverTheStrictCeiling_AreNeverAPass()
    {
        var verdict = new ShadowVerdict(new VerdictOptions { FaultCeiling = .001 });
        for (var pair = 1; verdict.Verdict == Verdict.Undecided; pair++)
        {
            verdict.Observe(disagrees: false, faulted: pair % 100 == 0);
            Assert.NotEqual(Verdict.Pass, verdict.Snapshot(Enough).Guards.Single(static guard => guard.Guard == Guard.Faults).Verdict);
        }

        Assert.Equal(Guard.Faults, verdict.Snapshot(Enough).FailedGuard);
    }

    [Fact]
    public void Observe_StrictFaultCeiling_PassesAtTenTimesThePairs()
    {
        var lane = new SimulatedLane(new VerdictOptions { FaultCeiling = .001 });

        Assert.Equal(4742, lane.RunUntilDecided(10_000));
        Assert.Equal(Verdict.Pass, lane.Verdict.Verdict);
    }

    [Theory]
    [InlineData(1.5, "Fail")]
    [InlineData(1.0, "Pass")]
    [InlineData(1.1, "Undecided")]
    public void ObserveExecution_OfARatio_DecidesTheGuard(double ratio, string expected)
    {
        var random = new Random(5);
        var verdict = new ShadowVerdict(new VerdictOptions());

        for (var i = 0; i < 400; i++) Assert.True(verdict.ObserveExecution(.010, .010 * ratio * Math.Exp(.1 * (random.NextDouble() - .5))));

        var guard = verdict.Snapshot(Enough).Guards.Single(static guard => guard.Guard == Guard.ExecutionTime);
        Assert.Equal(expected, guard.Verdict.ToString());
        Assert.Equal(400, guard.Observations);
        Assert.InRange(ratio, guard.Lower, guard.Upper);
        Assert.Equal(ratio, guard.Estimate, .02);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    [InlineData(double.NaN, 1)]
    [InlineData(1, double.PositiveInfinity)]
    public void ObserveExecution_TimeThatIsNone_IsNotCounted(double primary, double candidate)
    {
        var verdict = new ShadowVerdict(new VerdictOptions());

        Assert.False(verdict.ObserveExecution(primary, candidate));
        Assert.Equal(0, verdict.Snapshot(Enough).Guards.Single(static guard => guard.Guard == Guard.ExecutionTime).Observations);
    }

    [Fact]
    public void ObserveLabel_CandidateRightLessOften_Fails()
    {
        var verdict = new ShadowVerdict(new VerdictOptions());

        for (var i = 0; i < 100; i++) verdict.ObserveLabel(primaryRight: true, candidateRight: true);
        Assert.Equal(Verdict.Undecided, verdict.Verdict);
        for (var i = 0; i < 20; i++) verdict.ObserveLabel(primaryRight: true, candidateRight: false);

        Assert.Equal(Verdict.Fail, verdict.Verdict);
        Assert.Equal(Guard.Labels, verdict.Snapshot(Enough).FailedGuard);
    }

    [Fact]
    public void Observe_DisagreementsAfterAPass_FailAfterAll()
    {
        var verdict = Passing(600, new VerdictOptions { ControlShare = 0 });
        Assert.Equal(Verdict.Pass, verdict.Decide(Enough));

        for (var i = 0; i < 60; i++) verdict.Observe(disagrees: true, faulted: false);

        Assert.Equal(Verdict.Fail, verdict.Verdict);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(.05, true)]
    public void Slices_OneIsBad_ThatOneIsFound(double controlShare, bool confirmed)
    {
        var lane = new SimulatedLane(new VerdictOptions { ControlShare = controlShare, DisagreementBudget = .02 }, 11) { Slices = 20, BadSlice = 7, BadFlips = .2 };

        for (var i = 0; i < 8000; i++) lane.Step();

        var slices = lane.Verdict.Snapshot(Enough).Slices;
        Assert.Equal(20, slices.Length);
        Assert.Equal([7], slices.Where(static slice => slice.Suspect).Select(static slice => slice.Slice));
        Assert.Equal(confirmed ? [7] : [], slices.Where(static slice => slice.Fail).Select(static slice => slice.Slice));
        Assert.True(slices[7].Lower > .02);
    }

    [Fact]
    public void Slices_OnlyNoise_NoneFails()
    {
        var lane = new SimulatedLane(new VerdictOptions(), 12) { Slices = 20, Noise = .05 };

        for (var i = 0; i < 8000; i++) lane.Step();

        Assert.DoesNotContain(lane.Verdict.Snapshot(Enough).Slices, static slice => slice.Fail);
    }

    [Fact]
    public void Snapshot_BeforeAnything_IsUndecidedAndHasNoNumbers()
    {
        var snapshot = new ShadowVerdict(new VerdictOptions()).Snapshot(default);

        Assert.Equal(Verdict.Undecided, snapshot.Verdict);
        Assert.Equal((0, 1, null), (snapshot.Pairs, snapshot.Coverage, snapshot.DecidedAt));
        Assert.All(snapshot.Guards, static guard => Assert.True(double.IsNaN(guard.Estimate) && guard.Observations == 0));
        Assert.Empty(snapshot.Slices);
    }

    [Fact]
    public void Failures_OfOptionsOutsideTheirRanges_NameEachWithItsValue()
    {
        Assert.Empty(new VerdictOptions().Failures());

        var failures = new VerdictOptions
        {
            Alpha = double.NaN, DisagreementBudget = 0, FaultBudget = .6, FaultCeiling = .1, ExecutionRatioBudget = 4, MinimumPairs = 0,
            MinimumTime = TimeSpan.FromSeconds(-1), MinimumCoverage = 2, ControlShare = -1, MinimumControlPairs = -1, MaxSlices = 0,
        }.Failures().ToArray();

        Assert.Equal(11, failures.Length);
        Assert.Contains("DisagreementBudget (0) must be 1e-6..0.5", failures);
    }

    [Theory]
    [InlineData(.05, .01)]
    [InlineData(.5, .5)]
    [InlineData(1e-9, 1e-6)]
    public void ErrorShares_OfAnyOptions_AddUpToAlpha(double alpha, double budget)
    {
        foreach (var controlShare in new[] { 0, .05 })
        {
            var shares = ErrorShares.Of(new VerdictOptions { Alpha = alpha, DisagreementBudget = budget, ControlShare = controlShare });

            var total = shares.Pass + shares.ExcessPass + shares.DisagreementFail + shares.FaultFail + shares.ExecutionFail + shares.LabelFail;
            Assert.Equal(1, total / alpha, 1e-9);
            Assert.True(shares.Pass > 0 && shares.DisagreementFail > 0 && shares.FaultFail > 0);
        }
    }

    private static ShadowVerdict Passing(int pairs, VerdictOptions? options = null)
    {
        var verdict = new ShadowVerdict(options ?? new VerdictOptions());
        for (var i = 0; i < pairs; i++) verdict.Observe(false, false);
        for (var i = 0; i < 200; i++) verdict.ObserveExecution(1, 1);
        return verdict;
    }

    /// <summary>A lane as the verdict expects it: a control copy for the share asked for, execution times alike.</summary>
    private sealed class SimulatedLane(VerdictOptions options, int seed = 1)
    {
        private readonly Random _random = new(seed);

        public ShadowVerdict Verdict { get; } = new(options);

        public double Noise { get; init; }

        public double Flips { get; init; }

        public int Slices { get; init; }

        public int BadSlice { get; init; }

        public double BadFlips { get; init; }

        public void Step()
        {
            var slice = Slices == 0 ? -1 : _random.Next(Slices);
            var flips = slice >= 0 && slice == BadSlice && BadFlips > 0 ? BadFlips : Flips;
            var disagrees = _random.NextDouble() < Noise | _random.NextDouble() < flips;
            var controlled = _random.NextDouble() < Verdict.ControlShare;
            Verdict.Observe(disagrees, faulted: false, slice);
            if (controlled) Verdict.ObserveControl(disagrees, _random.NextDouble() < Noise, slice);
            Verdict.ObserveExecution(.01, .01);
        }

        /// <returns>Pairs at the decision, or <paramref name="most"/>.</returns>
        public int RunUntilDecided(int most)
        {
            for (var pair = 1; pair <= most; pair++)
            {
                Step();
                if (Verdict.Decide(Enough) != GrpcServing.Shadowing.Verdict.Undecided) return pair;
            }
            return most;
        }
    }
}
