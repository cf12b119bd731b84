using GrpcServing.LoadGenerator;
using GrpcServing.LoadGenerator.Comparison;

namespace GrpcServing.Tests.LoadGenerator;

public sealed class OptionsTests
{
    [Fact]
    public void ParseScenarios_AfterAnd_StartFromTheFirst()
    {
        var scenarios = LoadOptions.ParseScenarios(["--model", "a", "--rate", "50", "--rounds", "3", "--and", "--model", "b", "--and", "--rate", "70", "--arrivals", "gamma:2"]);

        Assert.Equal([("a", 50, 1), ("b", 50, 1), ("a", 70, 2)], scenarios.Select(static scenario => (scenario.Model, scenario.Rate, scenario.GapVariation)));
        Assert.All(scenarios, static scenario => Assert.Equal(3, scenario.Rounds));
    }

    [Theory]
    [InlineData("--rate", "0", "--rate (0) must be more than 0.")]
    [InlineData("--arrivals", "weibull", "--arrivals (weibull) must be poisson, constant or gamma:CV.")]
    [InlineData("--burst", "1:2", "--burst (1:2) must be START:LENGTH:FACTOR.")]
    [InlineData("--rte", "1", "--rte is no argument.")]
    public void ParseScenarios_OfSomethingWrong_SaysWhatIsExpected(string argument, string value, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => LoadOptions.ParseScenarios([argument, value])).Message);

    [Fact]
    public void Parse_Quick_HasFewerRoundsAndDelaysAndKeepsTheModels()
    {
        var options = HarnessOptions.Parse(["--models", "tiny,resnet", "--quick", "true"]);

        Assert.Equal(["tiny", "resnet"], options.Models.Select(static model => model.Name));
        Assert.Equal(2, options.Rounds);
        Assert.Equal(["delay-500us", "delay-2ms"], options.Contenders.Select(static contender => contender.Name).Where(static name => name.StartsWith("delay", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--models", "tiny,huge", "--models (huge) must be of tiny, digits, mid, resnet, encoder.")]
    [InlineData("--concurrency", "0", "--concurrency (0) must be a whole number above 0.")]
    [InlineData("--window", "-1", "--window (-1) must be seconds above 0.")]
    [InlineData("--build", "new=/nowhere/server", "--build (new=/nowhere/server) must be NAME=EXECUTABLE.")]
    [InlineData("--report-only", "true", "--report-only needs --samples.")]
    public void Parse_OfSomethingWrong_SaysWhatIsExpected(string argument, string value, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => HarnessOptions.Parse([argument, value])).Message);
}
