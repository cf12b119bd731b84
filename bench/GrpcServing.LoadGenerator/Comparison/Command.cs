using System.ComponentModel;
using System.Diagnostics;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>What the harness needs is missing or failed; the message says what to do.</summary>
internal sealed class HarnessException(string message) : Exception(message);

/// <summary>Runs other programs of this machine.</summary>
internal static class Command
{
    /// <returns>Exit code and everything written; -1 when there is no such program.</returns>
    public static async Task<(int Code, string Output)> RunAsync(string file, params string[] arguments)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            return (-1, missing.Message);
        }
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().ConfigureAwait(false);
        return (process.ExitCode, await output.ConfigureAwait(false) + await errors.ConfigureAwait(false));
    }

    /// <exception cref="HarnessException">It failed; with what it wrote.</exception>
    public static async Task<string> MustRunAsync(string file, params string[] arguments)
    {
        var (code, output) = await RunAsync(file, arguments).ConfigureAwait(false);
        return code == 0 ? output : throw new HarnessException($"'{file} {string.Join(' ', arguments)}' ended with {code}:{Environment.NewLine}{output}");
    }
}
