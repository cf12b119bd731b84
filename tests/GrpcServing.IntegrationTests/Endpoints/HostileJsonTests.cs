using System.Net;
using System.Text;
using System.Text.Json;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>REST bodies and routes that no client library makes: each ends with a status and an error in JSON.</summary>
public sealed class HostileJsonTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private const string Input = "\"name\": \"INPUT0\", \"shape\": [1, 1], \"datatype\": ";

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "identity_fp32", """{"id": "\ud800"}""", "Unicode" },
        { "identity_fp32", """{"\udc00": 1, "inputs": []}""", "Unicode" },
        { "identity_fp32", """{"parameters": {"a": "\ud800"}}""", "Unicode" },
        { "identity_string", "{\"inputs\": [{" + Input + "\"BYTES\", \"data\": [\"\\ud800\"]}]}", "Unicode" },
        { "identity_fp32", """{"inputs": {}}""", "inputs must be an array" },
        { "identity_fp32", """{"inputs": [7]}""", "an element of inputs must be an object, found 7" },
        { "identity_fp32", """{"outputs": [null]}""", "an element of outputs must be an object, found null" },
        { "identity_fp32", """{"parameters": []}""", "parameters must be an object" },
        { "identity_fp32", """{"parameters": {"a": {}}}""", "parameter 'a' in parameters must be a boolean, a number or a string, found an object" },
        { "identity_fp32", """{"parameters": {"binary_data_output": 7}}""", "binary_data_output must be true or false" },
        { "identity_fp32", """{"inputs": []} {}""", "failed to parse the request JSON buffer" },
        { "identity_fp32", "", "failed to parse the request JSON buffer" },
        { "identity_fp32", "null", "the request must be an object, found null" },
        { "identity_fp32", "{\"inputs\": [{" + Input + "\"FP32\", \"data\": 7}]}", "data of input 'INPUT0' must be an array, found 7" },
        { "identity_fp32", "{\"inputs\": [{" + Input + "\"FP32\", \"data\": [\"1\"]}]}", "element 0 of input 'INPUT0' is a string, which is no FP32" },
        { "identity_fp32", "{\"inputs\": [{" + Input + "\"FP32\", \"data\": [null]}]}", "element 0 of input 'INPUT0' is null, which is no FP32" },
        { "identity_fp32", "{\"inputs\": [{" + Input + "\"FP31\", \"data\": [1]}]}", "input 'INPUT0' has datatype 'FP31'; expected BOOL" },
        { "identity_fp32", "{\"inputs\": [{" + Input + "\"FP32\"}]}", "unable to find data for input tensor 'INPUT0'" },
        { "identity_bf16", "{\"inputs\": [{" + Input + "\"BF16\", \"data\": [3.38e38]}]}", "" },
        { "identity_bf16", "{\"inputs\": [{" + Input + "\"BF16\", \"data\": [3.4e39]}]}", "element 0 of input 'INPUT0' is 3.4e39, which is no BF16" },
        { "identity_bf16", "{\"inputs\": [{" + Input + "\"BF16\", \"data\": [3.402e38]}]}", "element 0 of input 'INPUT0' is 3.402e38, which is no BF16" },
        { "identity_fp16", "{\"inputs\": [{" + Input + "\"FP16\", \"data\": [65520]}]}", "element 0 of input 'INPUT0' is 65520, which is no FP16" },
        { "identity_fp64", "{\"inputs\": [{" + Input + "\"FP64\", \"data\": [1e999]}]}", "element 0 of input 'INPUT0' is 1e999, which is no FP64" },
        { "identity_int32", "{\"inputs\": [{" + Input + "\"INT32\", \"data\": [1.5]}]}", "element 0 of input 'INPUT0' is 1.5, which is no INT32" },
        { "identity_uint64", "{\"inputs\": [{" + Input + "\"UINT64\", \"data\": [-1]}]}", "element 0 of input 'INPUT0' is -1, which is no UINT64" },
        { "identity_bool", "{\"inputs\": [{" + Input + "\"BOOL\", \"data\": [2]}]}", "element 0 of input 'INPUT0' is 2, which is no BOOL" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1.5], "datatype": "FP32", "data": [1]}]}""", "shape of input 'INPUT0' must hold whole numbers, found 1.5" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [-1, 1], "datatype": "FP32", "data": [1]}]}""", "All input dimensions should be specified for input 'INPUT0'" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 1000000000}}]}""", "input 'INPUT0' claims 1000000000 bytes of binary data but 0 are left in the body" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": -4}}]}""", "binary_data_size of input 'INPUT0' must be a whole number of bytes" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1], "parameters": {"binary_data_size": 4}}]}""", "input 'INPUT0' has both data and binary_data_size" },
        { "identity_fp32", """{"inputs": [{"name": "INPUT0", "shape": [1, 1], "datatype": "FP32", "data": [1], "parameters": {"shared_memory_region": "r"}}]}""", "refers to shared memory" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task PostInfer_OddBody_SaysWhatIsWrong(string model, string body, string message)
    {
        var (status, error) = await PostAsync($"/v2/models/{model}/infer", Encoding.UTF8.GetBytes(body));

        if (message.Length == 0) Assert.True(status == 200, error);
        else Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.True(status is 200 or 400 or 501, error);
        await StillServesAsync();
    }

    [Fact]
    public async Task PostInfer_BytesThatAreNoUtf8_AreRefused()
    {
        foreach (var body in new byte[][]
        {
            [.. "{\"id\": \""u8, 0xFF, 0xFE, .. "\"}"u8],
            [.. "{\""u8, 0xC3, .. "\": 1}"u8],
            [.. "{\"inputs\": [{\"name\": \"INPUT0\", \"shape\": [1, 1], \"datatype\": \"BYTES\", \"data\": [\""u8, 0xFF, .. "\"]}]}"u8],
            [.. "{\"inputs\": [{\"name\": \"INPUT0\", \"shape\": [1, 1], \"datatype\": \"BYTES\", \"data\": [\"\\n"u8, 0xFF, .. "\"]}]}"u8],
            [0x1F, 0x8B, 8, 0],
        })
        {
            var (status, error) = await PostAsync("/v2/models/identity_string/infer", body);

            Assert.True(status == 400, $"{status} {error}");
        }
        await StillServesAsync();
    }

    [Fact]
    public async Task PostInfer_DeeplyNested_IsRefused()
    {
        var data = new string('[', 100_000) + new string(']', 100_000);
        foreach (var body in new[] { data, "{\"inputs\": [{" + Input + "\"FP32\", \"data\": " + data + "}]}" })
        {
            var (status, error) = await PostAsync("/v2/models/identity_fp32/infer", Encoding.UTF8.GetBytes(body));

            Assert.True(status == 400, $"{status} {error}");
        }
        await StillServesAsync();
    }

    [Theory]
    [InlineData("17", "header Inference-Header-Content-Length (17) must be a number of bytes from 0 to the length of the body (16)")]
    [InlineData("-1", "header Inference-Header-Content-Length (-1) must be")]
    [InlineData("99999999999", "header Inference-Header-Content-Length (99999999999) must be")]
    [InlineData("ten", "header Inference-Header-Content-Length (ten) must be")]
    [InlineData("14", "2 bytes follow the JSON that no input's binary_data_size claims")]
    public async Task PostInfer_WrongHeaderLength_SaysWhatIsWrong(string header, string message)
    {
        var (status, error) = await PostAsync("/v2/models/identity_fp32/infer", "{\"inputs\": []}  "u8.ToArray(), header);

        Assert.Equal(400, status);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add_sub", 16, "but model 'add_sub' has 2 inputs")]
    [InlineData("identity_fp32", 5, "cannot tell the shape of input 'INPUT0'")]
    [InlineData("labels", 8, "input byte size mismatch for input 'x' for model 'labels'. Expected 12, got 8")]
    [InlineData("seq", 0, "")]
    [InlineData("nope", 4, "Request for unknown model: 'nope' is not found")]
    public async Task PostInfer_BodyThatIsNotTheTensor_SaysWhatIsWrong(string model, int bytes, string message)
    {
        var (_, error) = await PostAsync($"/v2/models/{model}/infer", new byte[bytes], "0");

        Assert.Contains(message, error, StringComparison.Ordinal);
        await StillServesAsync();
    }

    [Theory]
    [InlineData("/v2/models/scalar/versions/9/infer", 404, "version 9 is not found")]
    [InlineData("/v2/models/scalar/versions/one/infer", 400, "failed to get model version from specified version string 'one'")]
    [InlineData("/v2/models/..%2Fscalar/infer", 404, "is not found")]
    [InlineData("/v2/models/mod%C3%A8le/infer", 404, "'modèle' is not found")]
    [InlineData("/v2/repository/models/nope/load", 404, "failed to load 'nope'")]
    [InlineData("/v2/repository/models/nope/unload", 404, "failed to unload 'nope'")]
    [InlineData("/v2/repository/models/..%2F..%2Fetc/load", 404, "failed to load '")]
    [InlineData("/v2/models/nope/trace/setting", 404, "'nope' is not found")]
    [InlineData("/v2/cudasharedmemory/region/a/register", 501, "Shared memory is not supported")]
    [InlineData("/v2/unknown", 404, "there is nothing at POST /v2/unknown")]
    [InlineData("/v2/models/scalar/infer.json", 404, "there is nothing at POST /v2/models/scalar/infer.json")]
    public async Task Post_Route_EndsWithItsStatusAndText(string route, int status, string message)
    {
        var (found, error) = await PostAsync(route, "{}"u8.ToArray());

        Assert.Equal(status, found);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v2/repository/index")]
    [InlineData("/v2/repository/models/scalar/load")]
    [InlineData("/v2/logging")]
    [InlineData("/v2/trace/setting")]
    public async Task Post_BodyThatIsNoObject_IsRefused(string route)
    {
        foreach (var body in new byte[][] { "{"u8.ToArray(), "[]"u8.ToArray(), "7"u8.ToArray(), [0xFF], [.. "{\""u8, 0xFF, .. "\": 1}"u8], "{\"\\ud800\": 1}"u8.ToArray(), "{\"log_info\": \"\\ud800\"}"u8.ToArray() })
        {
            var (status, error) = await PostAsync(route, body);

            // Keys and values that a call does not look at may be anything.
            Assert.True(status == 400 || (status == 200 && body.Length > 2), $"{route} {Encoding.Latin1.GetString(body)}: {status} {error}");
        }
    }

    [Theory]
    [InlineData("/v2/models/scalar/infer")]
    [InlineData("/v2/logging")]
    [InlineData("/v2/repository/index")]
    public async Task Post_BodyBeyondTheLimit_Is413(string route)
    {
        var body = new byte[(64 << 20) + 1];
        body.AsSpan().Fill((byte)' ');

        var (status, error) = await PostAsync(route, body);

        Assert.Equal(413, status);
        Assert.Contains("Serving:MaxRequestBytes", error, StringComparison.Ordinal);
        await StillServesAsync();
    }

    private async Task<(int Status, string Error)> PostAsync(string route, byte[] body, string? header = null)
    {
        using var content = new ByteArrayContent(body);
        if (header is not null) content.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", header);
        using var response = await models.Server.Http.PostAsync(route, content);
        if (response.StatusCode == HttpStatusCode.OK) return (200, "");
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/json", $"{(int)response.StatusCode}, which is no JSON: '{text}'");
        return ((int)response.StatusCode, JsonDocument.Parse(text).RootElement.GetProperty("error").GetString()!);
    }

    private async Task StillServesAsync()
    {
        await models.Server.Client.ModelInferAsync(Good());
        await models.Server.AllBuffersReturnedAsync();
    }
}
