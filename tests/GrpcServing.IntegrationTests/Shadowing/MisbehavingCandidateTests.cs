using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>Whatever a candidate does, callers of the primary get the primary's answers, and the shadow says what was wrong.</summary>
public sealed class MisbehavingCandidateTests
{
    private const int Requests = 200;

    [Theory]
    [InlineData(2, 20, "NaN")]
    [InlineData(3, 200, "shape")]
    [InlineData(4, 20, "failed")]
    [InlineData(7, 200, "missing")]
    public async Task Candidate_ThatAnswersNonsense_IsCountedAndShown(int version, int errors, string reason)
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        var settings = ShadowServer.Settings(version);
        settings.ErrorBudget = 0.5;
        await server.StartShadowAsync("shadowed", settings);

        await SendAndCheckAsync(server);
        var status = await server.SettledAsync("shadowed", Requests);
        var report = await server.StopShadowAsync("shadowed");

        Assert.Equal(errors, status.CandidateErrors + status.Dropped.GetValueOrDefault("breaker"));
        Assert.Equal(Requests, status.Pairs + status.Dropped.Values.Sum());
        Assert.True(status.CandidateErrors > 0);
        Assert.Contains(reason, report.Disagreements[0].Reason, StringComparison.Ordinal);
        await server.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Candidate_ThatNeedsAnotherInput_IsNotComparableAndSaysWhy()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        await server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 8));

        await SendAndCheckAsync(server);
        var status = await server.SettledAsync("shadowed", Requests);

        Assert.Equal(Requests, status.Dropped["not_comparable"]);
        Assert.Equal(0, status.Pairs);
        Assert.Contains("the candidate needs an input 'bias' that the primary does not have", status.Reason, StringComparison.Ordinal);
        await server.Server.AllBuffersReturnedAsync();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Candidate_ThatIsSlowOrHangs_IsBoundedAndStopsAtOnce(int version)
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        var settings = ShadowServer.Settings(version);
        settings.MaxQueueRequests = 16;
        settings.MaxAge = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMilliseconds(200));
        await server.StartShadowAsync("shadowed", settings);

        await SendAndCheckAsync(server);
        var status = await server.StatusAsync("shadowed");
        var started = TimeProvider.System.GetTimestamp();
        var report = await server.StopShadowAsync("shadowed");
        var stopped = TimeProvider.System.GetElapsedTime(started);

        Assert.InRange(status.QueuedRequests, 0, 16);
        Assert.True(stopped < TimeSpan.FromSeconds(2), $"The stop took {stopped}.");
        Assert.Equal(Requests, report.Status.Eligible);
        Assert.Equal(Requests, report.Status.Pairs + report.Status.Dropped.Values.Sum());
        Assert.Equal(ShadowState.Stopped, report.Status.State);
        await server.Server.AllBuffersReturnedAsync();
    }

    /// <summary>One request in ten sets the candidate off; all are answered, with the primary's answer.</summary>
    private static async Task SendAndCheckAsync(ShadowServer server)
    {
        var answers = await server.SendAllAsync(Requests, static i => ShadowServer.Shadowed(First(i), $"{i}"));
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal("1", answers[i].ModelVersion);
            Assert.Equal([First(i), 1, 2, 3], TestModels.Output<float>(answers[i]));
        }
    }

    private static float First(int i) => i % 10 == 0 ? ShadowServer.Trigger : i;
}
