using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Models;

/// <summary>The bundled models are as good through the server as Examples/README.md says they are when run directly.</summary>
public sealed class AccuracyTests
{
    [Theory]
    [InlineData("1", 440)]
    [InlineData("2", 445)]
    public async Task Digits_HeldOut_AreReadAsWellAsByTheModelItself(string version, int expected)
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);

        var right = 0;
        for (var first = 0; first < Digits.Count; first += 50)
        {
            var answers = Digits.Answers(await server.Client.InferAsync(Digits.Request(first, rows: 50, version)));
            right += answers.Where((answer, row) => answer == Digits.Label(first + row)).Count();
        }

        Assert.Equal(450, Digits.Count);
        Assert.Equal(expected, right);
    }
}
