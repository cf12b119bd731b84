using System.Text.Json;
using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public sealed class SimulatorCommandTests : IDisposable
{
    private const string Profile = "rows,seconds\n1,0.010\n2,0.012\n4,0.016\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("simulator").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_EveryPolicy_AccountsForEveryRequest()
    {
        var trace = new Workload(3).Create(ArrivalProcess.Gamma, 200, 400, [0.025, 0.1], [1, 2]);
        var lines = trace.Select(static arrival => FormattableString.Invariant($"{arrival.At / 1e9},{arrival.Deadline / 1e9},{arrival.Rows}"));
        var (profile, path) = (Write("p.csv", Profile), Write("t.csv", "arrival,deadline,rows\n" + string.Join('\n', lines)));

        foreach (var policy in PolicyRun.Names)
        {
            foreach (var executors in new[] { "1", "3" })
            {
                var json = JsonDocument.Parse(Run("run", "--profile", profile, "--trace", path, "--policy", policy, "--executors", executors)).RootElement;
                var refused = json.GetProperty("refused").EnumerateObject().Sum(static reason => reason.Value.GetInt32());

                Assert.Equal(400, json.GetProperty("offered").GetInt32());
                Assert.Equal(400, json.GetProperty("onTime").GetInt32() + json.GetProperty("late").GetInt32() + refused);
                if (policy is "deadline") Assert.Equal(0, json.GetProperty("late").GetInt32());
                Assert.True(json.GetProperty("decisionMicroseconds").GetProperty("p99").GetDouble() > 0, policy);
            }
        }
    }

    [Fact]
    public void Run_OneBatchByHand_IsCountedExactly()
    {
        var trace = Write("t.csv", "arrival,deadline,rows\n0,0.010,1\n0.001,0.024,1\n0.002,0.021,1\n");

        var json = JsonDocument.Parse(Run("run", "--profile", Write("p.csv", Profile), "--trace", trace, "--policy", "eager")).RootElement;

        // One row to 10 ms, in time; then two rows to 22 ms, of which one wanted 21.
        Assert.Equal(2, json.GetProperty("onTime").GetInt32());
        Assert.Equal(1, json.GetProperty("late").GetInt32());
        Assert.Equal(2, json.GetProperty("batches").GetInt32());
        Assert.Equal(1.5, json.GetProperty("meanBatchRows").GetDouble());
        Assert.Equal(0.022, json.GetProperty("deviceBusySeconds").GetDouble(), 9);
        Assert.Equal(0.006, json.GetProperty("wastedDeviceSeconds").GetDouble(), 9);
    }

    [Fact]
    public void Optimum_SmallTrace_IsPrinted()
    {
        var trace = Write("t.csv", "arrival,deadline,rows\n0,0.010,1\n0.001,0.024,1\n0.002,0.024,1\n");

        Assert.Equal("""{"optimum": 3}""", Run("optimum", "--profile", Write("p.csv", Profile), "--trace", trace).Trim());
    }

    [Fact]
    public void Shadow_SmallTraces_PrintsARowForEveryLoadAndProcess()
    {
        var lines = Run("shadow", "--requests", "200").Split('\n');

        Assert.Equal(21, lines.Count(static line => line.StartsWith("| Poisson", StringComparison.Ordinal) || line.StartsWith("| Gamma", StringComparison.Ordinal) || line.StartsWith("| Mmpp", StringComparison.Ordinal)));
        Assert.Contains(lines, static line => line.Contains("-- shadow --requests 200`", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("arrival,rows\n0,1\n", "t.csv:1: expected the header 'arrival,deadline,rows', found 'arrival,rows': deadline missing.")]
    [InlineData("arrival,deadline,rows\n0,1\n", "t.csv:2: expected 3 values")]
    [InlineData("arrival,deadline,rows\n0,soon,1\n", "t.csv:2: deadline must be a number, found 'soon'.")]
    [InlineData("arrival,deadline,rows\n1,2,1\n0.5,2,1\n", "t.csv:3: arrivals must be sorted")]
    [InlineData("arrival,deadline,rows\n1,0.5,1\n", "t.csv:2: deadline must be an instant not before the arrival")]
    [InlineData("arrival,deadline,rows\n0,1,5\n", "t.csv:2: rows must be an integer from 1 to 4")]
    [InlineData("", "t.csv:1: the file is empty")]
    public void Run_BadTrace_NamesFileLineAndWhatIsExpected(string trace, string expected)
    {
        var path = Write("t.csv", trace);

        var fault = Assert.Throws<InputException>(() => Run("run", "--profile", Write("p.csv", Profile), "--trace", path, "--policy", "eager"));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows,seconds\n", "p.csv:2: expected at least one line")]
    [InlineData("rows,seconds\n2,1\n1,1\n", "p.csv:3: rows must ascend")]
    [InlineData("rows,seconds\n1,0\n", "p.csv:2: seconds must be above 0")]
    [InlineData("rows,seconds\n1.5,1\n", "p.csv:2: rows must be an integer")]
    [InlineData("seconds,rows\n1,1\n", "p.csv:1: expected the header 'rows,seconds' in this order")]
    public void Run_BadProfile_NamesFileLineAndWhatIsExpected(string profile, string expected)
    {
        var path = Write("p.csv", profile);

        var fault = Assert.Throws<InputException>(() => Run("run", "--profile", path, "--trace", Write("t.csv", "arrival,deadline,rows\n0,1,1\n"), "--policy", "eager"));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--policy fastest: unknown; expected one of deadline, eager", "run", "--policy", "fastest")]
    [InlineData("--executors 0: must be an integer from 1", "run", "--policy", "eager", "--executors", "0")]
    [InlineData("--profile is missing", "optimum")]
    [InlineData("--speed: unknown option of optimum", "optimum", "--speed", "1")]
    [InlineData("simulate: unknown command", "simulate")]
    public void Run_BadArguments_SaysWhatIsExpected(string expected, params string[] args)
    {
        var fault = Assert.Throws<InputException>(() => Run(args));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    private static string Run(params string[] args)
    {
        var output = new StringWriter();
        Assert.Equal(0, CommandLine.Run(args, output));
        return output.ToString();
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
