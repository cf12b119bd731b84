using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>The held-out digits as live traffic, and what the shadow makes of a candidate.</summary>
public sealed class DigitsShadowTests
{
    private static readonly string Version1 = Path.Combine(TestPaths.Examples, "digits", "1", "model.onnx");
    private static readonly string Version2 = Path.Combine(TestPaths.Examples, "digits", "2", "model.onnx");
    private static readonly string Flipped = Path.Combine(TestPaths.ShadowModels, "digits", "3", "model.onnx");

    [Fact]
    public async Task Report_OfAnotherVersion_CountsTheDisagreementsThatBothModelsHave()
    {
        await using var server = await ShadowServer.OverDigitsAsync(Version2);
        var settings = ShadowServer.Settings(candidate: 2);
        settings.Fraction = 0.5;
        await server.StartShadowAsync("digits", settings);

        var live = await server.SendAllAsync(Digits.Count, static i => Digits.Request(i));
        await server.SettledAsync("digits", Digits.Count);
        var report = await server.StopShadowAsync("digits");

        Assert.All(live, static response => Assert.Equal("1", response.ModelVersion));
        // The same hash decides here as in the server: these are the requests that were compared.
        var seed = GrpcServing.Shadowing.RequestHash.SeedOf("digits");
        var compared = Enumerable.Range(0, Digits.Count).Where(i => IsChosen(seed, Digits.Request(i).Id, 0.5)).ToArray();
        Assert.Empty(report.Status.Dropped);
        Assert.Equal(compared.Length, report.Status.Pairs);
        Assert.InRange(compared.Length, 180, 270);
        var candidate = await server.SendAllAsync(Digits.Count, static i => Digits.Request(i, version: "2"));
        var different = compared.Count(i => Digits.Answers(live[i])[0] != Digits.Answers(candidate[i])[0]);
        Assert.True(different > 0);
        Assert.Equal(different, report.Status.Disagreements);
        Assert.Equal(different, report.Confusion.Where(static cell => cell.Primary != cell.Candidate).Sum(static cell => cell.Rows));
        Assert.Equal(compared.Length, report.Confusion.Sum(static cell => cell.Rows));
        Assert.Equal(compared.Length, report.Outputs.Single().Rows);
        Assert.Equal(different, report.Outputs.Single().DisagreeingRows);
        Assert.Equal(report.Status.Eligible, report.Status.Pairs + (Digits.Count - compared.Length));
        Assert.Equal(Math.Min(different, 50), report.Disagreements.Count);
        Assert.All(report.Disagreements, static kept => Assert.Equal(64, kept.Inputs.Single().Numbers.Count));
        Assert.NotEqual(report.PrimaryFile.Sha256, report.CandidateFile.Sha256);
        Assert.Equal(new FileInfo(Version2).Length, report.CandidateFile.Bytes);
        Assert.Equal(0.5, report.Settings.Fraction);
        await server.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Verdict_OfAByteIdenticalCandidate_PassesAtThePredictedPair()
    {
        await using var server = await ShadowServer.OverDigitsAsync(Version1);
        await server.StartShadowAsync("digits", ShadowServer.Settings(candidate: 2));

        await server.SendAllAsync(472, Send);
        var before = await server.SettledAsync("digits", 472);
        await server.SendAllAsync(28, static i => Send(472 + i));
        var after = await server.SettledAsync("digits", 500);

        Assert.Equal(Verdict.Undecided, before.Verdict);
        Assert.Equal(0, before.Disagreements);
        Assert.Equal(Verdict.Pass, after.Verdict);
        var disagreement = after.Guards.Single(static guard => guard.Name == "disagreement");
        Assert.Equal(473, disagreement.DecidedAt);
        Assert.Contains("473", after.Reason, StringComparison.Ordinal);
        var report = await server.ReportAsync("digits");
        Assert.Equal(report.PrimaryFile.Sha256, report.CandidateFile.Sha256);
        Assert.True(report.Status.ControlPairs >= 300);
    }

    [Fact]
    public async Task Verdict_OfACandidateWithOneFlipInTwenty_Fails()
    {
        await using var server = await ShadowServer.OverDigitsAsync(Flipped);
        await server.StartShadowAsync("digits", ShadowServer.Settings(candidate: 2));
        const int count = 1500;

        await server.SendAllAsync(count, Send);
        var status = await server.SettledAsync("digits", count);

        var flipped = Enumerable.Range(0, count).Count(static i => Digits.Image(i % Digits.Count).Sum() % 20 == 0);
        // A machine that has no time for copies drops some.
        if (status.Dropped.Count == 0) Assert.Equal(flipped, status.Disagreements);
        else Assert.InRange(status.Disagreements, 1, flipped);
        Assert.Equal(Verdict.Fail, status.Verdict);
        Assert.Contains("answers otherwise too often", status.Reason, StringComparison.Ordinal);
    }

    private static Protos.ModelInferRequest Send(int i)
    {
        var request = Digits.Request(i % Digits.Count);
        request.Id = $"{i}";
        return request;
    }

    private static bool IsChosen(long seed, string id, double share) =>
        GrpcServing.Shadowing.RequestHash.IsIn(System.IO.Hashing.XxHash3.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes(id.AsSpan()), seed), share, GrpcServing.Shadowing.HashPurpose.Mirror);
}
