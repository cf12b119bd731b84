using System.Net;
using System.Text;
using System.Text.Json;
using GrpcServing.IntegrationTests.Hosting;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

public sealed class RestTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private HttpClient Http => models.Server.Http;

    [Theory]
    [InlineData("/v2/health/live", HttpStatusCode.OK)]
    [InlineData("/v2/health/ready", HttpStatusCode.OK)]
    [InlineData("/v2/models/scalar/ready", HttpStatusCode.OK)]
    [InlineData("/v2/models/nope/ready", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/versions/versions/2/ready", HttpStatusCode.OK)]
    [InlineData("/v2/models/versions/versions/9/ready", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/nope", HttpStatusCode.NotFound)]
    [InlineData("/v2/systemsharedmemory/status", HttpStatusCode.NotImplemented)]
    [InlineData("/nothing/here", HttpStatusCode.NotFound)]
    public async Task Get_Route_AnswersWithItsStatus(string route, HttpStatusCode status)
    {
        var response = await Http.GetAsync(route);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Get_Metadata_DescribesServerAndModel()
    {
        var server = await GetAsync("/v2");
        var model = await GetAsync("/v2/models/add_sub");
        var config = await GetAsync("/v2/models/add_sub/config");

        Assert.Equal("GrpcServing", server.GetProperty("name").GetString());
        Assert.Equal("onnxruntime_onnx", model.GetProperty("platform").GetString());
        Assert.Equal("[-1,4]", model.GetProperty("inputs")[0].GetProperty("shape").GetRawText());
        Assert.Equal(64, config.GetProperty("max_batch_size").GetInt32());
        Assert.Equal("TYPE_FP32", config.GetProperty("input")[0].GetProperty("data_type").GetString());
    }

    [Theory]
    [InlineData("HEAD", "/v2/health/ready", 200, "")]
    [InlineData("HEAD", "/v2/models/scalar", 200, "")]
    [InlineData("GET", "/v2/models/scalar/infer", 405, "POST")]
    [InlineData("DELETE", "/v2/models/scalar", 405, "GET, HEAD")]
    [InlineData("PUT", "/v2/logging", 405, "GET, HEAD, POST")]
    [InlineData("GET", "/v2/repository/index", 405, "POST")]
    [InlineData("POST", "/v2/repository/other/index", 501, "")]
    [InlineData("POST", "/v2/repository/other/models/scalar/load", 501, "")]
    [InlineData("POST", "/v2/repository/other/models/scalar/unload", 501, "")]
    public async Task Any_Method_IsAnsweredOrToldWhichToUse(string method, string route, int status, string allowed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), route);

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow));
    }

    public static TheoryData<string, string, string> Tensors => new()
    {
        { "bool", "BOOL", "[true,false,true,true]" },
        { "uint8", "UINT8", "[0,1,2,255]" },
        { "uint16", "UINT16", "[0,1,2,65535]" },
        { "uint32", "UINT32", "[0,1,2,4294967295]" },
        { "uint64", "UINT64", "[0,1,2,18446744073709551615]" },
        { "int8", "INT8", "[-128,0,1,127]" },
        { "int16", "INT16", "[-32768,0,1,32767]" },
        { "int32", "INT32", "[-2147483648,0,1,2147483647]" },
        { "int64", "INT64", "[-9223372036854775808,0,1,9223372036854775807]" },
        { "fp16", "FP16", "[1.5,-2,0,0.25]" },
        { "bf16", "BF16", "[1.5,-2,0,0.25]" },
        { "fp32", "FP32", "[1.5,-2,0,0.1]" },
        { "fp64", "FP64", "[1.5,-2,0,0.1]" },
        { "string", "BYTES", "[\"one\",\"\",\"hé '<\\\">llo\",\"x\"]" },
    };

    [Theory]
    [MemberData(nameof(Tensors))]
    public async Task PostInfer_Json_ComesBackAsItWent(string model, string datatype, string data)
    {
        var nested = $"[[{data.Trim('[', ']').Replace("],[", ",", StringComparison.Ordinal)}]]";
        foreach (var form in new[] { data, nested })
        {
            var answer = await PostAsync($"/v2/models/identity_{model}/infer", $$"""{"inputs": [{"data": {{form}}, "shape": [1, 4], "name": "INPUT0", "datatype": "{{datatype}}"}], "id": "7"}""");

            var output = answer.GetProperty("outputs")[0];
            Assert.Equal("7", answer.GetProperty("id").GetString());
            Assert.Equal(datatype, output.GetProperty("datatype").GetString());
            Assert.Equal(data, output.GetProperty("data").GetRawText());
        }
    }

    [Fact]
    public async Task PostInfer_BinaryTensors_GoAndComeAsBytes()
    {
        var json = Encoding.UTF8.GetBytes("""{"inputs": [{"name": "INPUT0", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}, {"name": "INPUT1", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}], "outputs": [{"name": "SUM", "parameters": {"binary_data": true}}, {"name": "DIFFERENCE"}]}""");
        using var content = new ByteArrayContent([.. json, .. Bytes(1f, 2f, 3f, 4f), .. Bytes(10f, 20f, 30f, 40f)]);
        content.Headers.Add("Inference-Header-Content-Length", json.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));

        var response = await Http.PostAsync("/v2/models/add_sub/infer", content);

        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.MediaType);
        var length = int.Parse(Assert.Single(response.Headers.GetValues("Inference-Header-Content-Length")), System.Globalization.CultureInfo.InvariantCulture);
        var outputs = JsonDocument.Parse(body.AsMemory(0, length)).RootElement.GetProperty("outputs");
        Assert.Equal(16, outputs[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal("[-9,-18,-27,-36]", outputs[1].GetProperty("data").GetRawText());
        Assert.Equal(Bytes(11f, 22f, 33f, 44f), body[length..]);
    }

    [Fact]
    public async Task PostInfer_BodyIsTheTensor_AnswersAllOutputsAsBytes()
    {
        using var content = new ByteArrayContent(Bytes(1f, 2f, 3f));
        content.Headers.Add("Inference-Header-Content-Length", "0");

        var response = await Http.PostAsync("/v2/models/labels/infer", content);

        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Bytes(1f, 2f, 3f), body[^12..]);
    }

    [Theory]
    [InlineData("add_sub", "{", 400, "failed to parse the request JSON buffer")]
    [InlineData("add_sub", "[]", 400, "the request must be an object, found an array")]
    [InlineData("add_sub", """{"inputs": [{"name": 7}]}""", 400, "name of an input must be a string, found 7")]
    [InlineData("add_sub", """{"inputs": []}""", 400, "expected 2 inputs but got 0 inputs")]
    [InlineData("identity_uint8", """{"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "UINT8", "data": [1, 256]}]}""", 400, "element 1 of input 'INPUT0' is 256, which is no UINT8")]
    [InlineData("identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1]}]}""", 400, "input byte size mismatch for input 'INPUT0'")]
    [InlineData("identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1e300]}]}""", 400, "element 0 of input 'INPUT0' is 1e300, which is no FP32")]
    [InlineData("nope", """{"inputs": []}""", 404, "Request for unknown model: 'nope' is not found")]
    public async Task PostInfer_BadBody_SaysWhatIsWrong(string model, string body, int status, string message)
    {
        using var content = new StringContent(body);
        var response = await Http.PostAsync($"/v2/models/{model}/infer", content);

        Assert.Equal(status, (int)response.StatusCode);
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString();
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostInfer_OutputThatJsonCannotHold_AsksForBytes()
    {
        var json = Encoding.UTF8.GetBytes("""{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]}""");
        using var content = new ByteArrayContent([.. json, .. Bytes(float.NaN)]);
        content.Headers.Add("Inference-Header-Content-Length", json.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));

        var response = await Http.PostAsync("/v2/models/identity_fp32/infer", content);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("binary_data", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_LoadAndUnload_ChangeTheIndex()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        using var nothing = new StringContent("{}");

        Assert.Equal(HttpStatusCode.OK, (await server.Http.PostAsync("/v2/repository/models/digits/unload", nothing)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Http.GetAsync("/v2/models/digits/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.PostAsync("/v2/repository/models/digits/load", nothing)).StatusCode);
        var index = await (await server.Http.PostAsync("/v2/repository/index", nothing)).Content.ReadAsStringAsync();

        Assert.Equal("""[{"name":"digits","version":"1","state":"READY","reason":""},{"name":"digits","version":"2","state":"READY","reason":""}]""", index);
    }

    [Fact]
    public async Task Get_StatisticsAndMetrics_CountRequests()
    {
        await PostAsync("/v2/models/scalar/infer", """{"inputs": [{"name": "X", "shape": [], "datatype": "FP32", "data": [1]}]}""");

        var statistics = (await GetAsync("/v2/models/scalar/stats")).GetProperty("model_stats")[0];
        var metrics = await Http.GetStringAsync("/metrics");

        Assert.True(statistics.GetProperty("inference_count").GetInt64() >= 1);
        Assert.Contains("grpcserving_requests_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("model=\"scalar\",version=\"1\",lane=\"primary\",outcome=\"ok\"", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logging_ReadAndChange_ShowsTheSettings()
    {
        using var quiet = new StringContent("""{"log_info": false, "log_verbose_level": 0}""");
        using var unknown = new StringContent("""{"log_colour": true}""");

        Assert.True((await GetAsync("/v2/logging")).GetProperty("log_error").GetBoolean());
        var changed = JsonDocument.Parse(await (await Http.PostAsync("/v2/logging", quiet)).Content.ReadAsStringAsync()).RootElement;
        Assert.False(changed.GetProperty("log_info").GetBoolean());
        Assert.Equal(HttpStatusCode.BadRequest, (await Http.PostAsync("/v2/logging", unknown)).StatusCode);
        Assert.Equal("[\"opentelemetry\"]", (await GetAsync("/v2/trace/setting")).GetProperty("trace_mode").GetRawText());
    }

    private async Task<JsonElement> GetAsync(string route) => JsonDocument.Parse(await Http.GetStringAsync(route)).RootElement;

    private async Task<JsonElement> PostAsync(string route, string json)
    {
        using var content = new StringContent(json);
        var response = await Http.PostAsync(route, content);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement;
    }
}
