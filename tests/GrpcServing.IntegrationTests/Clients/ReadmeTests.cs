using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Clients;

/// <summary>The README's first calls do what it says.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(TestPaths.Root, "README.md"));

    [Fact]
    public async Task Curl_FirstCall_ReadsAFour()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        using var body = new StringContent(CurlBody().Match(Readme).Groups[1].Value);

        var response = await server.Http.PostAsync("/v2/models/digits/infer", body, TestContext.Current.CancellationToken);

        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        Assert.EndsWith(":4", answer.GetProperty("outputs")[0].GetProperty("data")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CSharp_FirstCall_ReadsAFour()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var image = SampleImage().Match(Readme).Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(static pixel => float.Parse(pixel, CultureInfo.InvariantCulture));
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "FP32", Shape = { 1, 64 }, Contents = new() };
        input.Contents.Fp32Contents.AddRange(image);

        var response = await server.Client.InferAsync(new ModelInferRequest { ModelName = "digits", Inputs = { input } });

        var probabilities = TestModels.Output<float>(response);
        Assert.Equal(4, Array.IndexOf(probabilities, probabilities.Max()));
    }

    [GeneratedRegex(@"digits/infer -d '(\{.*?\})'", RegexOptions.Singleline)]
    private static partial Regex CurlBody();

    [GeneratedRegex(@"float\[\] image =\s*\[(.*?)\];", RegexOptions.Singleline)]
    private static partial Regex SampleImage();
}
