using System.Buffers.Binary;
using GrpcServing.LoadGenerator.Comparison;
using GrpcServing.Protos;

namespace GrpcServing.Tests.LoadGenerator;

public sealed class H2LoadTests
{
    private const string Output = """
        Main benchmark duration is over for thread #0. Stopping all clients.
        Stopped all clients for thread #0

        finished in 3.01s, 17910.50 req/s, 1.74MB/s
        requests: 35821 total, 35821 started, 35820 done, 35818 succeeded, 2 failed, 1 errored, 0 timeout
        status codes: 35817 2xx, 0 3xx, 3 4xx, 0 5xx
        traffic: 3.49MB (3654534) total, 143.22KB (146659) headers (space savings 95.74%), 3.29MB (3444991) data
                             min         max         mean         sd        +/- sd
        time for request:      150us     19.17ms      3.39ms      2.16ms    81.09%
        """;

    [Fact]
    public void Parse_OfItsOutput_TakesRateDataAndWhatWentWrong()
    {
        var result = H2Load.Parse(Output, log: null);

        Assert.Equal(17910.5, result.PerSecond);
        Assert.Equal(35820, result.Done);
        Assert.Equal(3444991, result.BodyBytes);
        Assert.Equal(4, result.Broken);
        Assert.Equal(double.NaN, result.MedianMicroseconds);
    }

    [Fact]
    public void Parse_WithALog_TakesTheMedianOfItsTimes() =>
        Assert.Equal(224, H2Load.Parse(Output, "1795623957779802\t200\t900\n1795623957780135\t200\t197\n1795623957780343\t200\t224\n").MedianMicroseconds);

    [Fact]
    public void Parse_OfSomethingElse_SaysSo() => Assert.Contains("unknown option", Assert.Throws<HarnessException>(static () => H2Load.Parse("h2load: unknown option", log: null)).Message, StringComparison.Ordinal);

    [Fact]
    public void WriteBody_OfARequest_FramesItAsGrpcDoes()
    {
        var request = BenchModel.All[0].Request();
        var file = Path.GetTempFileName();
        try
        {
            H2Load.WriteBody(request, file);

            var frame = File.ReadAllBytes(file);
            Assert.Equal(H2Load.Framed(request), frame.Length);
            Assert.Equal(0, frame[0]);
            Assert.Equal(frame.Length - 5, BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(1)));
            Assert.Equal(request, ModelInferRequest.Parser.ParseFrom(frame.AsSpan(5)));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
