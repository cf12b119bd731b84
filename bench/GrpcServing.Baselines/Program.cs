using GrpcServing.Baselines;

switch (args)
{
    case ["naive", var repository]:
        using (var sessions = new ModelSessions(repository)) await BaselineHost.RunAsync(new NaiveService(sessions)).ConfigureAwait(false);
        return 0;
    case ["echo", var repository]:
        using (var sessions = new ModelSessions(repository)) await BaselineHost.RunAsync(new EchoService(new NaiveService(sessions))).ConfigureAwait(false);
        return 0;
    case ["best", var model, var seconds, .. var sizes]:
        InProcess.Measure(model, TimeSpan.FromSeconds(double.Parse(seconds)), [.. sizes.Select(int.Parse)]);
        return 0;
    default:
        Console.Error.WriteLine("""
            What the server is compared with:

              naive REPOSITORY               a service that runs the model once for each request
              echo REPOSITORY                a service that answers the same messages without running a model
              best MODEL.onnx SECONDS [B...] rows per second without a server, for each batch size B (default: 1 to 128)
            """);
        return 2;
}
