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
        catch (IOException portTaken)
        {
            return Refuse([$"{portTaken.Message} Choose others with Serving:GrpcPort, Serving:HttpPort, Serving:AdminPort and Serving:ListenAddress."]);
        }
    }

    private static int Refuse(IReadOnlyList<string> errors)
    {
        Console.Error.WriteLine("GrpcServing cannot start:");
        foreach (var error in errors) Console.Error.WriteLine($"  {error}");
        return 1;
    }
}
