using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public class RateLimitTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void TryTake_AllAtOnce_LetsTheBurstThrough()
    {
        var limit = new RateLimit(100, burst: 300, Second);

        Assert.Equal(300, Enumerable.Range(0, 1000).Count(_ => limit.TryTake(5 * Second)));
    }

    [Fact]
    public void TryTake_ForTenSeconds_LetsTheRateAndOneBurstThrough()
    {
        var limit = new RateLimit(100, burst: 300, Second);

        var taken = Enumerable.Range(0, 10_000).Count(i => limit.TryTake((5 * Second) + (i * Second / 1000)));

        Assert.InRange(taken, 1298, 1301);
    }
}
