using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Grpc.Net.Client;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>The server as a process of its own, as an operator starts and stops it.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Match> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Write(line.Data);
        _process.ErrorDataReceived += (_, line) => Write(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Everything it wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>The server built with these tests, run by the SDK's host.</summary>
    public static ServerProcess Start(params string[] settings) => Start([], settings);

    /// <param name="environment">Besides that of the tests.</param>
    public static ServerProcess Start((string Name, string Value)[] environment, string[] settings) =>
        Start(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [Path.Combine(AppContext.BaseDirectory, "GrpcServing.Server.dll"), .. settings], environment);

    public static ServerProcess Start(string file, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ServerProcess(new Process { StartInfo = start });
    }

    /// <summary>Waits until it says that it serves.</summary>
    /// <returns>The addresses it says it serves on.</returns>
    public async Task<(string Grpc, string Http)> ReadyAsync()
    {
        var exited = _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var first = await Task.WhenAny(_ready.Task, exited).WaitAsync(Patience, TimeProvider.System);
        if (first == exited) Assert.Fail($"The server ended instead of serving:\n{Output}");
        var addresses = await _ready.Task;
        return (addresses.Groups["grpc"].Value, addresses.Groups["http"].Value);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The server did not end within {Patience}:\n{Output}");
        }
        return _process.ExitCode;
    }

    public void Stop()
    {
        Assert.SkipUnless(!OperatingSystem.IsWindows(), "SIGTERM is a signal of Unix.");
        Assert.Equal(0, Kill(_process.Id, Terminate));
    }

    /// <summary>Ends it in the middle of whatever it does.</summary>
    public void Kill() => _process.Kill();

    public static GRPCInferenceService.GRPCInferenceServiceClient Client(GrpcChannel channel) => new(channel);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
    }

    private void Write(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
        if (Serving().Match(line) is { Success: true } addresses) _ready.TrySetResult(addresses);
    }

    [GeneratedRegex(@"Ready: .* on (?<grpc>http://[\d.:]+), REST on (?<http>http://[\d.:]+)")]
    private static partial Regex Serving();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
