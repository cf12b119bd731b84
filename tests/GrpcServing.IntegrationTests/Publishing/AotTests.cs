using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Publishing;

/// <summary>The shipped form: one native executable, which does what the built server does.</summary>
[Collection(Alone.Name)]
public sealed class AotTests(PublishedServer published) : IClassFixture<PublishedServer>
{
    [Fact]
    public void Publish_AsNativeCode_HasNoWarningsOfOurs()
    {
        Assert.SkipWhen(published.Missing.Length > 0, published.Missing);

        // IL2104 of the gRPC reflection package is its own.
        var warnings = published.Output.Split('\n').Where(static line => line.Contains("warning ", StringComparison.Ordinal) && !(line.Contains("IL2104", StringComparison.Ordinal) && line.Contains("Reflection", StringComparison.Ordinal)));

        Assert.True(published.ExitCode == 0, published.Output);
        Assert.Empty(warnings);
    }

    [Fact]
    public void Publish_ForThisSystem_BringsNothingOfAnother()
    {
        Assert.SkipWhen(published.Missing.Length > 0, published.Missing);

        var files = Directory.EnumerateFiles(published.Directory, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(published.Directory, file)).ToArray();

        Assert.DoesNotContain(files, static file => file.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".lib", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(files, static file => file.StartsWith("Examples", StringComparison.Ordinal));
        Assert.Contains(Path.Combine("models", "digits", "1", "model.onnx"), files);
    }

    [Fact]
    public void Publish_WithTheBaseOfTheImage_IsUnder250Megabytes()
    {
        Assert.SkipWhen(published.Missing.Length > 0, published.Missing);

        // What deploy/docker/Dockerfile copies; gserve comes to it, a third of the server's size, and the base: C, C++ and TLS libraries.
        var copied = Directory.EnumerateFiles(published.Directory, "*", SearchOption.AllDirectories).Where(static file => !file.EndsWith(".dbg", StringComparison.Ordinal) && !file.EndsWith(".pdb", StringComparison.Ordinal)).Sum(static file => new FileInfo(file).Length);
        const long ToolAndBase = 50_000_000;

        Assert.InRange(copied + ToolAndBase, ToolAndBase + 1, 250_000_000);
    }

    [Fact]
    public async Task Run_OfTheExecutable_ServesAsTheBuiltServerDoes()
    {
        Assert.SkipWhen(published.Missing.Length > 0, published.Missing);
        await using var server = ServerProcess.Start(published.Executable, ["--Serving:GrpcPort=0", "--Serving:HttpPort=0"]);
        var (grpc, http) = await server.ReadyAsync();
        using var channel = GrpcChannel.ForAddress(grpc);
        using var rest = new HttpClient { BaseAddress = new Uri(http) };

        var right = 0;
        for (var first = 0; first < Digits.Count; first += 50)
            right += Digits.Answers(await ServerProcess.Client(channel).InferAsync(Digits.Request(first, rows: 50))).Where((answer, row) => answer == Digits.Label(first + row)).Count();
        Assert.Equal(445, right);

        var answer = await PostAsync(rest, "/v2/models/digits/infer",
            $$$"""{"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": [{{{string.Join(',', Digits.Image(7))}}}]}], "outputs": [{"name": "probabilities", "parameters": {"classification": 1}}]}""");
        var top = answer.GetProperty("outputs")[0].GetProperty("data")[0].GetString()!.Split(':')[1];
        Assert.Equal(Digits.Label(7), int.Parse(top, CultureInfo.InvariantCulture));

        Assert.Equal("image", (await GetAsync(rest, "/v2/models/digits")).GetProperty("inputs")[0].GetProperty("name").GetString());
        Assert.Equal("TYPE_FP32", (await GetAsync(rest, "/v2/models/digits/config")).GetProperty("input")[0].GetProperty("data_type").GetString());
        Assert.Equal(451, (await GetAsync(rest, "/v2/models/digits/versions/2/stats")).GetProperty("model_stats")[0].GetProperty("inference_count").GetInt64());
        Assert.Equal("READY", (await PostAsync(rest, "/v2/repository/index", "{}"))[0].GetProperty("state").GetString());
        Assert.Equal(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpcserving.admin.v1.ShadowAdmin", "inference.GRPCInferenceService"], (await ServicesAsync(channel)).Order(StringComparer.Ordinal));

        server.Stop();
        Assert.Equal(0, await server.ExitAsync());
    }

    private static async Task<JsonElement> GetAsync(HttpClient rest, string path) => await rest.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    private static async Task<JsonElement> PostAsync(HttpClient rest, string path, string body)
    {
        using var content = new StringContent(body);
        using var response = await rest.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    private static async Task<IEnumerable<string>> ServicesAsync(GrpcChannel channel)
    {
        using var reflection = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo(cancellationToken: TestContext.Current.CancellationToken);
        await reflection.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, TestContext.Current.CancellationToken);
        await reflection.RequestStream.CompleteAsync();
        Assert.True(await reflection.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        return reflection.ResponseStream.Current.ListServicesResponse.Service.Select(static service => service.Name);
    }
}
