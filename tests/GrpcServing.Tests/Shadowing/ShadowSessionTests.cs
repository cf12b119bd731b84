using CsCheck;
using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class ShadowSessionTests
{
    [Fact]
    public async Task Pairs_OfAnHonestCandidate_AllAgree()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings());

        for (var i = 0; i < 100; i++) Assert.Equal(i, (await fixture.SendAsync(i)).Answer);
        var reading = await ShadowFixture.SettledAsync(session, 100);

        Assert.Equal((100, 0, 0, 0), (reading.Agreeing, reading.Disagreeing, reading.CandidateErrors, reading.PrimaryErrors));
        Assert.Equal((100, 0), (reading.ControlPairs, reading.ControlDisagreements));
        Assert.Equal(100, fixture.Captured.Distinct().Count());
        Assert.Equal(VerdictWord(Verdict.Undecided), VerdictWord(reading.Verdict.Verdict));
    }

    [Fact]
    public async Task Pairs_OfADifferentCandidate_DisagreeWhereItDoes()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        fixture.Candidate.Answer = static x => x % 10 == 0 ? x + 1 : x;
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings());

        for (var i = 0; i < 200; i++) await fixture.SendAsync(i, $"{i}");
        var reading = await ShadowFixture.SettledAsync(session, 200);
        var worst = await session.ReadAsync(static (tally, _) => tally.Disagreements.Worst);

        Assert.Equal(20, reading.Disagreeing);
        Assert.Equal(180, reading.Agreeing);
        Assert.Equal(20, worst.Count);
        Assert.All(worst, static kept => Assert.Equal(kept.Primary.Single().Numbers.Single() + 1, kept.Candidate.Single().Numbers.Single()));
        Assert.Contains("output 'y' differs in 1 of 1 rows, by up to 1", worst[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pairs_WherePrimaryOrCandidateFails_AreStatusPairs()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        // 1: only the candidate fails; 2: only the primary; 3: both.
        fixture.Primary.Answer = static x => x is 2 or 3 ? float.NaN : x;
        fixture.Candidate.Answer = static x => x is 1 or 3 ? float.NaN : x;
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { ControlFraction = 0 });

        foreach (var x in new[] { 0, 1, 2, 3 })
        {
            var (_, error) = await fixture.SendAsync(x);
            Assert.Equal(x is 2 or 3 ? ErrorReason.ExecutionFailed : ErrorReason.None, error.Reason);
        }
        var reading = await ShadowFixture.SettledAsync(session, 4);

        Assert.Equal((1, 0, 1, 2), (reading.Agreeing, reading.Disagreeing, reading.CandidateErrors, reading.PrimaryErrors));
        Assert.Equal((2, 1), (reading.Verdict.Disagreements, reading.Verdict.Faults));
    }

    [Fact]
    public async Task Requests_ThatThePrimaryRefused_AreNotEligible()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings());
        fixture.Primary.Gate.Reset();
        using var leaving = new CancellationTokenSource();
        var leaves = fixture.SendAsync(1, cancellation: leaving.Token);

        await leaving.CancelAsync();
        Assert.Equal(ErrorReason.Cancelled, (await leaves).Error.Reason);
        fixture.Primary.Gate.Set();
        await fixture.SendAsync(2);

        Assert.Equal(1, (await ShadowFixture.SettledAsync(session, 1)).Eligible);
    }

    [Fact]
    public async Task Requests_OutsideOfTheFilters_AreNotEligible()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var settings = ShadowFixture.Settings();
        var session = await fixture.StartShadowAsync(settings with { Filters = settings.Filters.Add("tier", "7").Add("gold", "true") });

        await fixture.SendAsync(1);
        await fixture.SendAsync(2, parameters: [Tier(7)]);
        await fixture.SendAsync(3, parameters: [Tier(8), new RequestParameter("gold", ParameterKind.Bool, 1, "")]);
        await fixture.SendAsync(4, parameters: [Tier(7), new RequestParameter("gold", ParameterKind.Bool, 1, "")]);

        Assert.Equal(1, (await ShadowFixture.SettledAsync(session, 1)).Agreeing);
    }

    [Fact]
    public async Task Slices_BeyondTheBound_CountTogetherAsOther()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { SliceParameter = "tier" });

        for (var i = 0; i < 100; i++) await fixture.SendAsync(i, parameters: [Tier(i)]);
        await fixture.SendAsync(100);
        var reading = await ShadowFixture.SettledAsync(session, 101);
        var names = await session.ReadAsync((tally, _) => reading.Verdict.Slices.Select(slice => (Name: tally.SliceName(slice.Slice), slice.Pairs)).ToArray());
        var eligible = await session.ReadAsync(static (tally, _) => tally.Slices.All.ToDictionary(static slice => slice.Name, static slice => slice.Eligible));

        Assert.Equal(SliceCounts.MaxSlices + 2, names.Length);
        Assert.Equal(36, names.Single(static slice => slice.Name == SliceCounts.OtherName).Pairs);
        Assert.Equal(1, names.Single(static slice => slice.Name.Length == 0).Pairs);
        Assert.Equal(names.ToDictionary(static slice => slice.Name, static slice => slice.Pairs), eligible);
    }

    [Fact]
    public async Task Fraction_OfTheTraffic_IsTheSameInEveryRun()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var chosen = new List<long[]>();
        var compared = new HashSet<ulong>();
        for (var run = 0; run < 2; run++)
        {
            fixture.Captured.Clear();
            var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { Fraction = 0.3 });
            for (var i = 0; i < 200; i++) await fixture.SendAsync(i, $"request {i}");
            var reading = await ShadowFixture.SettledAsync(session, 200);
            Assert.InRange(reading.NotChosen, 110, 170);
            await fixture.Shadows.StopAsync(ShadowFixture.Model);
            await session.Released;
            chosen.Add([reading.NotChosen]);
            compared.UnionWith(fixture.Captured);
        }

        Assert.Equal(chosen[0], chosen[1]);
        // Whatever a busy machine drops, both runs compared requests of one and the same choice.
        Assert.InRange(compared.Count, 1, 200 - chosen[0].Single());
    }

    [Fact]
    public async Task Candidate_ThatHangs_KeepsWithinTheBoundsAndStopsAtOnce()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { MaxQueueRequests = 10, ControlFraction = 0 });
        fixture.Candidate.Gate.Reset();

        for (var i = 0; i < 50; i++) Assert.Equal(i, (await fixture.SendAsync(i)).Answer);
        var during = await ShadowFixture.ReadAsync(session);
        await fixture.Shadows.StopAsync(ShadowFixture.Model);

        // A run that hangs is ended in time by its lane, and then others get their places: nothing more than the bound ever waits.
        Assert.InRange(during.Waiting, 1, 10);
        Assert.True(during.Dropped[(int)CopyDrop.QueueFull] > 0);
        Assert.Equal(50, during.Eligible);
        var after = session.Reading;
        Assert.Equal((0, 0), (after.Waiting, after.Compared));
        Assert.Equal(ShadowState.Stopped, after.State);
        Assert.Equal(50, after.Eligible);
    }

    [Fact]
    public async Task Copies_ThatHoldTooManyBytes_AreTurnedAway()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        // The smallest block of the pool is 256 bytes: a request and its answer hold 512.
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { MaxQueueBytes = 2048, ControlFraction = 0 });
        fixture.Candidate.Gate.Reset();

        for (var i = 0; i < 10; i++) await fixture.SendAsync(i);
        var reading = await ShadowFixture.ReadAsync(session);

        Assert.InRange(reading.Waiting, 1, 4);
        Assert.Equal(512 * reading.Waiting, reading.WaitingBytes);
        Assert.True(reading.Dropped[(int)CopyDrop.Bytes] > 0);
    }

    [Fact]
    public async Task Answers_WithAShadow_AreTheSameAsWithout()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        fixture.Primary.Answer = static x => x * 3;
        fixture.Candidate.Answer = static x => float.NaN;
        await fixture.StartShadowAsync(ShadowFixture.Settings());

        for (var i = 0; i < 300; i++) Assert.Equal((i * 3, ServingError.None), await fixture.SendAsync(i));
    }

    [Fact]
    public async Task Verdict_WhenItChanges_IsReportedOnce()
    {
        await using var fixture = await ShadowFixture.StartAsync();
        fixture.Candidate.Answer = static x => x + 1;
        var session = await fixture.StartShadowAsync(ShadowFixture.Settings());

        for (var i = 0; i < 100; i++) await fixture.SendAsync(i);
        await ShadowFixture.SettledAsync(session, 100);
        await fixture.Shadows.StopAsync(ShadowFixture.Model);

        var events = fixture.Events.ToArray();
        Assert.Equal(("started", "Fail Stopped", "ended"), (events[0], events[^2], events[^1]));
        // Its state may come and go meanwhile; the verdict comes once and stays.
        Assert.All(events[1..^1].SkipWhile(static happened => happened.StartsWith("Undecided ", StringComparison.Ordinal)), static happened => Assert.StartsWith("Fail ", happened, StringComparison.Ordinal));
    }

    /// <summary>The law of the counts, whatever happens: every eligible request is compared, dropped, waiting or not chosen, and no buffer is lost.</summary>
    [Fact]
    public async Task Counts_UnderRandomTraffic_AddUp() => await Gen.Select(Gen.Int[0, 60], Gen.Double[0, 1], Gen.Int[1, 20], Gen.Int[0, 3], Gen.Bool).SampleAsync(
        async (requests, fraction, bound, mode, stopsEarly) =>
        {
            await using var fixture = await ShadowFixture.StartAsync();
            fixture.Candidate.Answer = mode switch { 1 => static x => float.NaN, 2 => static x => x + 1, _ => static x => x };
            var session = await fixture.StartShadowAsync(ShadowFixture.Settings() with { Fraction = fraction, MaxQueueRequests = bound });
            if (mode == 3) fixture.Candidate.Gate.Reset();

            // By number: after the stop the newest version is the gated one.
            var sending = Task.WhenAll(Enumerable.Range(0, requests).Select(i => Task.Run(() => fixture.SendAsync(i, $"{i}", version: "1"))));
            if (!stopsEarly) await sending;
            var during = await ShadowFixture.ReadAsync(session);
            await fixture.Shadows.StopAsync(ShadowFixture.Model);
            await sending;

            Assert.Equal(during.Eligible, during.Compared + during.Dropped.Sum() + during.Waiting + during.NotChosen);
            if (!stopsEarly) Assert.Equal(requests, during.Eligible);
            var last = session.Reading;
            Assert.Equal(0, last.Waiting);
            Assert.Equal(last.Mirrored, last.Compared + (last.Dropped.Sum() - last.Dropped[(int)CopyDrop.QueueFull]));
            if (!stopsEarly) Assert.Equal(requests, last.Eligible);
            Assert.Equal(last.Compared, last.Agreeing + last.Disagreeing + last.CandidateErrors + last.PrimaryErrors);
            Assert.Equal(last.Compared, last.Verdict.Pairs);
            if (mode == 3) fixture.Candidate.Gate.Set();
        },
        iter: 15, threads: 1);

    private static RequestParameter Tier(long value) => new("tier", ParameterKind.Int64, value, "");

    private static string VerdictWord(Verdict verdict) => verdict.ToString();
}
