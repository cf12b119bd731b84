using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>A real Prometheus that scrapes one server every second and evaluates the committed rules.</summary>
internal sealed class PrometheusProcess : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Process _process;
    private readonly HttpClient _http;

    private PrometheusProcess(Uri target)
    {
        var address = $"127.0.0.1:{FreePort()}";
        var config = Path.Combine(_directory.Path, "prometheus.yml");
        File.WriteAllText(config, $"""
            global: {"{"}scrape_interval: 1s, evaluation_interval: 1s{"}"}
            rule_files: ["{TestPaths.Root}/deploy/observability/rules/*.yaml"]
            scrape_configs: [{"{"}job_name: grpcserving, static_configs: [{"{"}targets: ["{target.Authority}"]{"}"}]{"}"}]
            """);
        _process = Process.Start(new ProcessStartInfo("prometheus", [$"--config.file={config}", $"--storage.tsdb.path={_directory.Path}/data", $"--web.listen-address={address}", "--log.level=error", "--enable-feature=exemplar-storage"]) { RedirectStandardError = true })!;
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _http = new HttpClient { BaseAddress = new Uri($"http://{address}") };
    }

    /// <param name="target">The server's HTTP address.</param>
    public static async Task<PrometheusProcess> StartAsync(Uri target)
    {
        var prometheus = new PrometheusProcess(target);
        await Calls.UntilAsync(prometheus.IsReady, "Prometheus is ready");
        return prometheus;
    }

    /// <summary>The series that an expression has now.</summary>
    public async Task<int> CountAsync(string expression)
    {
        using var form = new FormUrlEncodedContent([new KeyValuePair<string, string>("query", expression)]);
        var response = await _http.PostAsync(new Uri("/api/v1/query", UriKind.Relative), form, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{expression}\n{body}");
        return JsonDocument.Parse(body).RootElement.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    public async Task<JsonElement> GetAsync(string path) =>
        JsonDocument.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken)).RootElement.GetProperty("data");

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Dispose();
    }

    private bool IsReady()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/-/ready");
            using var response = _http.Send(request);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            Assert.False(_process.HasExited, "Prometheus ended instead of serving.");
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
