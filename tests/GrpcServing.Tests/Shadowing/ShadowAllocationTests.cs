using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>The budget of a mirrored request: everything from the tap to the end of the comparison, on all threads together.</summary>
[Collection(RunsAlone.Name)]
public sealed class ShadowAllocationTests
{
    private const int Requests = 1000;

    [Fact]
    public async Task Mirrored_FromTapToComparison_StaysWithinTheBudget()
    {
        // Not optimised, and with the denser evidence of the first pairs; what it costs in the long run is a budget of the microbenchmarks.
        const long budget = 2048;
        var without = await BytesPerRequestAsync(null);
        var with = long.MaxValue;
        // On a busy machine the shadow's threads take long, and what is done each second counts too: such a run says little.
        for (var round = 0; round < 4 && with - without > budget; round++) with = Math.Min(with, await BytesPerRequestAsync(ShadowFixture.Settings() with { ControlFraction = 0 }));

        TestContext.Current.TestOutputHelper!.WriteLine($"{without} bytes per request without, {with} with: {with - without} for the shadow");
        Assert.InRange(with - without, 1, budget);
    }

    [Fact]
    public async Task NotChosen_ByTheHash_CostsNothing()
    {
        // The least of a few: how often threads wait for each other, and what that makes, changes from run to run.
        var (without, with) = (long.MaxValue, long.MaxValue);
        for (var round = 0; round < 5; round++)
        {
            without = Math.Min(without, await BytesPerRequestAsync(null));
            with = Math.Min(with, await BytesPerRequestAsync(ShadowFixture.Settings() with { Fraction = 0 }));
        }

        Assert.True(with - without <= 16, $"{without} bytes per request without, {with} with");
    }

    private static async Task<long> BytesPerRequestAsync(ShadowSettings? settings)
    {
        await using var fixture = await ShadowFixture.StartAsync();
        var session = settings is null ? null : await fixture.StartShadowAsync(settings);
        await SendAsync(fixture, 200);
        if (session is not null) await ShadowFixture.SettledAsync(session, 200);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await SendAsync(fixture, Requests);
        // Seldom: on a busy machine the shadow's threads take long, and each reading allocates.
        if (session is not null)
            while (await ShadowFixture.ReadAsync(session) is var reading && (reading.Eligible < 200 + Requests || reading.Waiting > 0)) await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, TestContext.Current.CancellationToken);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
    }

    private static async Task SendAsync(ShadowFixture fixture, int requests)
    {
        for (var i = 0; i < requests; i++) await fixture.SendAsync(i % 7, "one and the same");
    }
}
