using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>Compressed REST bodies, both ways.</summary>
public sealed class RestCodingTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private const string Small = """{"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1.5, 2]}]}""";

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task PostInfer_CompressedBody_IsTakenAsItWas(string coding)
    {
        var header = Encoding.UTF8.GetBytes("""{"inputs": [{"name": "INPUT0", "shape": [1, 1000], "datatype": "FP32", "parameters": {"binary_data_size": 4000}}]}""");
        using var binary = Compressed(coding, [.. header, .. new byte[4000]]);
        binary.Headers.Add("Inference-Header-Content-Length", $"{header.Length}");

        using var json = await PostAsync(Compressed(coding, Encoding.UTF8.GetBytes(Small)));
        using var bytes = await PostAsync(binary);

        Assert.Equal("[1.5,2]", (await OutputAsync(json)).GetProperty("data").GetRawText());
        Assert.Equal("[1,1000]", (await OutputAsync(bytes)).GetProperty("shape").GetRawText());
    }

    [Theory]
    [InlineData("br", 415, "header Content-Encoding (br) must be gzip or deflate")]
    [InlineData("gzip, gzip", 415, "must be gzip or deflate")]
    [InlineData("gzip", 400, "is not what its Content-Encoding (gzip) says")]
    [InlineData("deflate", 400, "is not what its Content-Encoding (deflate) says")]
    public async Task PostInfer_BodyThatCannotBeDecoded_SaysWhy(string coding, int status, string message)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Small));
        content.Headers.TryAddWithoutValidation("Content-Encoding", coding);

        await RefusesAsync(content, status, message);
    }

    [Fact]
    public async Task PostInfer_BodyThatGrowsBeyondTheLimit_Is413() =>
        await RefusesAsync(Compressed("gzip", new byte[(64 << 20) + 1]), 413, "Serving:MaxRequestBytes");

    [Theory]
    [InlineData("gzip", 1000, "gzip")]
    [InlineData("deflate;q=0.5, gzip;q=0.2", 1000, "deflate")]
    [InlineData("br, *", 1000, "")]
    [InlineData("gzip;q=0", 1000, "")]
    [InlineData("gzip", 2, "")]
    [InlineData("", 1000, "")]
    public async Task PostInfer_ClientTakesCompression_GetsItWhereItPays(string accepted, int elements, string coding)
    {
        var data = string.Join(',', Enumerable.Repeat("0.25", elements));
        using var content = new StringContent($$"""{"inputs": [{"name": "INPUT0", "shape": [1, {{elements}}], "datatype": "FP32", "data": [{{data}}]}]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/identity_fp32/infer") { Content = content };
        if (accepted.Length > 0) request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);

        using var response = await models.Server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(coding, string.Join(',', response.Content.Headers.ContentEncoding));
        Assert.Equal($"[{data}]", (await OutputAsync(response)).GetProperty("data").GetRawText());
    }

    private async Task RefusesAsync(HttpContent content, int status, string message)
    {
        using var response = await PostAsync(content);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(message, body, StringComparison.Ordinal);
        await models.Server.AllBuffersReturnedAsync();
    }

    private Task<HttpResponseMessage> PostAsync(HttpContent content) => models.Server.Http.PostAsync("/v2/models/identity_fp32/infer", content, TestContext.Current.CancellationToken);

    private static ByteArrayContent Compressed(string coding, byte[] body)
    {
        var buffer = new MemoryStream();
        using (Stream stream = coding.ToUpperInvariant() switch
        {
            "GZIP" => new GZipStream(buffer, CompressionLevel.Optimal),
            "DEFLATE" => new ZLibStream(buffer, CompressionLevel.Optimal),
            _ => new BufferedStream(buffer),
        }) stream.Write(body);
        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        return content;
    }

    private static async Task<JsonElement> OutputAsync(HttpResponseMessage response)
    {
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await using Stream plain = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress),
            _ => body,
        };
        var answer = await JsonDocument.ParseAsync(plain, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return answer.RootElement.GetProperty("outputs")[0];
    }
}
