using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Grpc.Net.Client;
using GrpcServing.Protos;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>A server process on cores of its own, and what can be read from outside while it serves.</summary>
internal sealed partial class MeasuredServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Match> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http = new();
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private long _readyAt;
    private GrpcChannel? _channel;

    private MeasuredServer(string cores, string executable, string[] arguments)
    {
        _process = new Process { StartInfo = new ProcessStartInfo("taskset", ["-c", cores, executable, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Start();
        // Also when the harness itself is told to end.
        AppDomain.CurrentDomain.ProcessExit += Kill;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>For example http://127.0.0.1:40001.</summary>
    public string Grpc { get; private set; } = "";

    /// <summary>From the start of the process to its saying that it serves.</summary>
    public TimeSpan ReadyAfter => TimeProvider.System.GetElapsedTime(_startedAt, _readyAt);

    private string Http { get; set; } = "";

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <exception cref="HarnessException">It ended instead, or said nothing for a minute.</exception>
    public static async Task<MeasuredServer> StartAsync(string cores, string executable, params string[] arguments)
    {
        if (!File.Exists(executable)) throw new HarnessException($"{executable} is not there; leave out '--publish false'.");
        var server = new MeasuredServer(cores, executable, arguments);
        try
        {
            var exited = server._process.WaitForExitAsync();
            if (await Task.WhenAny(server._ready.Task, exited).WaitAsync(Patience, TimeProvider.System).ConfigureAwait(false) == exited) throw server.Broken("ended instead of serving");
        }
        catch (TimeoutException)
        {
            throw server.Broken($"does not serve after {Patience}");
        }
        var addresses = await server._ready.Task.ConfigureAwait(false);
        server.Grpc = addresses.Groups["grpc"].Value;
        server.Http = addresses.Groups["http"].Value;
        server._channel = GrpcChannel.ForAddress(server.Grpc, new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
        return server;
    }

    /// <summary>One call by an ordinary client: fails when the status is not OK.</summary>
    public async Task<ModelInferResponse> InferAsync(ModelInferRequest request) =>
        await new GRPCInferenceService.GRPCInferenceServiceClient(_channel!).ModelInferAsync(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30));

    public async Task<ServerReading> ReadAsync() =>
        ServerReading.Parse(
            await _http.GetStringAsync(new Uri($"{Http}/metrics")).ConfigureAwait(false),
            await File.ReadAllTextAsync($"/proc/{_process.Id}/stat").ConfigureAwait(false),
            await File.ReadAllTextAsync($"/proc/{_process.Id}/statm").ConfigureAwait(false));

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        _http.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private void Kill(object? sender, EventArgs args)
    {
        if (!_process.HasExited) _process.Kill();
    }

    private HarnessException Broken(string how)
    {
        lock (_output) return new HarnessException(string.Create(CultureInfo.InvariantCulture, $"{_process.StartInfo.ArgumentList[2]} {how}:{Environment.NewLine}{_output}"));
    }

    private void Read(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        if (Serving().Match(line) is not { Success: true } addresses) return;
        _readyAt = TimeProvider.System.GetTimestamp();
        _ready.TrySetResult(addresses);
    }

    [GeneratedRegex(@"Ready: .* on (?<grpc>http://[\d.:]+), \w+ on (?<http>http://[\d.:]+)")]
    private static partial Regex Serving();
}
