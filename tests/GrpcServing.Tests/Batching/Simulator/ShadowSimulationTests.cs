using CsCheck;
using GrpcServing.Batching;
using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

/// <summary>What copies may do to the primary of their device, whatever comes.</summary>
public class ShadowSimulationTests
{
    private static readonly Scenario ResNet = new("ResNet50", Profile.Linear(0.001082, 0.005204, 64), [0.050], [1], 1);
    private static readonly long MaxAge = Profile.ToTicks(2);

    private static readonly Gen<Case> AnyCase =
        from process in Gen.OneOf(Gen.Const(ArrivalProcess.Poisson), Gen.Const(ArrivalProcess.Gamma), Gen.Const(ArrivalProcess.Mmpp))
        from load in Gen.Double[0.05, 1.5]
        from slowness in Gen.OneOf(Gen.Const(1.0), Gen.Const(100.0), Gen.Double[0.1, 10])
        from bound in Gen.Double[0, 0.05]
        from gamma in Gen.Double[0.3, 1]
        from seed in Gen.ULong
        select new Case(process, load, slowness, bound, gamma, seed);

    [Fact]
    public void Preempting_EveryPrimaryBatch_StartsAsWithoutCopies() => AnyCase.Sample(
        static chosen =>
        {
            var settings = new SlackSettings { SinglesMayOverrun = true };
            var (alone, beside) = (Run(chosen, settings, mirror: false), Run(chosen, settings, mirror: true));
            return alone.Starts.SequenceEqual(beside.Starts) && alone.Primary.OnTime == beside.Primary.OnTime && beside.LongestDelay == 0;
        },
        iter: 60,
        threads: 1);

    [Fact]
    public void Deferring_NoPrimary_IsHeldUpBeyondTheBound() => AnyCase.Sample(
        static chosen => Run(chosen, chosen.Defers, mirror: true).LongestDelay <= Profile.ToTicks(chosen.Bound),
        iter: 60,
        threads: 1);

    [Theory]
    [InlineData(0.8, 0.45)]
    [InlineData(0.9, 0.55)]
    public void Deferring_HalfLoad_ComparesHalfAndLosesNothing(double gamma, double coverage)
    {
        var trace = new Workload(1).Create(ArrivalProcess.Poisson, 0.5 * ResNet.SteadyRate, 12_000, ResNet.Slacks, ResNet.Rows);
        var settings = new SlackSettings { Defers = true, Gamma = gamma, MaxPrimaryDelay = long.MaxValue / 2 };

        var alone = Simulate(ResNet.Profile, settings, trace, mirror: false, seed: 1);
        var beside = Simulate(ResNet.Profile, settings, trace, mirror: true, seed: 1);

        Assert.Equal(alone.Primary.OnTime, beside.Primary.OnTime);
        Assert.InRange(beside.Coverage, coverage, 1);
        Assert.True(beside.LongestDelay > 0);
    }

    [Fact]
    public void Preempting_QuietPrimary_ComparesNearlyAll()
    {
        var trace = new Workload(1).Create(ArrivalProcess.Poisson, 5, 500, ResNet.Slacks, ResNet.Rows);

        var outcome = Simulate(ResNet.Profile, new SlackSettings(), trace, mirror: true, seed: 1);

        Assert.InRange(outcome.Coverage, 0.99, 1);
        Assert.True(outcome.Preempted > 0);
    }

    private static ShadowOutcome Run(Case chosen, SlackSettings settings, bool mirror)
    {
        var trace = new Workload(chosen.Seed).Create(chosen.Process, chosen.Load * ResNet.SteadyRate, 300, ResNet.Slacks, ResNet.Rows);
        return Simulate(Profile.Linear(0.001082 * chosen.Slowness, 0.005204 * chosen.Slowness, 64), settings, trace, mirror, chosen.Seed);
    }

    private static ShadowOutcome Simulate(Profile candidate, SlackSettings settings, Arrival[] trace, bool mirror, ulong seed) =>
        new ShadowSimulation(ResNet.Profile, candidate, settings, MaxAge, seed).Run(trace, mirror);

    private sealed record Case(ArrivalProcess Process, double Load, double Slowness, double Bound, double Gamma, ulong Seed)
    {
        public SlackSettings Defers => new() { Defers = true, Gamma = Gamma, MaxPrimaryDelay = Profile.ToTicks(Bound) };
    }
}
