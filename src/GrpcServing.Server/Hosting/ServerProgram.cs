using System.Net.Sockets;
using GrpcServing.Models;

namespace GrpcServing.Hosting;

/// <summary>Start, run, stop, and the exit code: 0 after an ordinary stop, 1 when the server could not start.</summary>
internal static class ServerProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        var options = ServingOptions.Read(builder.Configuration, out var errors);
        if (errors.Count > 0) return Refuse(errors);

        await using var app = builder.AddGrpcServing(options).Build().MapGrpcServing();
        if (app.Services.GetRequiredService<ModelRepository>().FindMissingDevices() is { IsEmpty: false } missing) return Refuse(missing);
        try
        {
            await app.RunAsync().ConfigureAwait(false);
            return 0;
        }
        catch (Exception unbound) when (unbound is IOException or SocketException)
        {
            // The first names the port that is taken; the second does not say where it would not do.
            var cause = unbound is IOException ? unbound.Message : $"Failed to listen on {options.ListenAddress}: {unbound.Message}.";
            return Refuse([$"{cause} Choose others with Serving:GrpcPort, Serving:HttpPort, Serving:AdminPort and Serving:ListenAddress."]);
        }
    }

    private static int Refuse(IReadOnlyList<string> errors)
    {
        Console.Error.WriteLine("GrpcServing cannot start:");
        foreach (var error in errors) Console.Error.WriteLine($"  {error}");
        return 1;
    }
}
