using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>A server over a repository of its own, with a client of its admin interface.</summary>
internal sealed class ShadowServer : IAsyncDisposable
{
    /// <summary>What a row of the <c>shadowed</c> candidates begins with to set them off.</summary>
    public const float Trigger = 1000;

    private readonly TemporaryDirectory _directory;

    private ShadowServer(TemporaryDirectory directory, RunningServer server)
    {
        _directory = directory;
        Server = server;
        Admin = new ShadowAdmin.ShadowAdminClient(server.Channel);
    }

    public RunningServer Server { get; }

    public ShadowAdmin.ShadowAdminClient Admin { get; }

    public GRPCInferenceService.GRPCInferenceServiceClient Client => Server.Client;

    public string Repository => _directory.Path;

    /// <param name="fill">Lays models into the repository.</param>
    public static async Task<ShadowServer> StartAsync(Action<string> fill, params string[] settings)
    {
        var directory = new TemporaryDirectory();
        fill(directory.Path);
        return new ShadowServer(directory, await RunningServer.StartAsync(directory.Path, settings));
    }

    /// <summary>The candidates of tests/models/README.md beside version 1.</summary>
    public static Task<ShadowServer> OverShadowedAsync(params string[] settings) =>
        StartAsync(static repository => TestPaths.CopyModel(TestPaths.ShadowModels, "shadowed", repository), settings);

    /// <summary>Version 1 of the bundled digits, and as version 2 the given file.</summary>
    public static Task<ShadowServer> OverDigitsAsync(string candidate, string modelJson = """{ "versions": { "all": true } }""", params string[] settings) => StartAsync(repository =>
    {
        AddVersion(repository, "digits", 1, Path.Combine(TestPaths.Examples, "digits", "1", "model.onnx"));
        AddVersion(repository, "digits", 2, candidate);
        File.WriteAllText(Path.Combine(repository, "digits", "model.json"), modelJson);
    }, settings);

    public static void AddVersion(string repository, string model, int version, string file)
    {
        var directory = Path.Combine(repository, model, $"{version}");
        Directory.CreateDirectory(directory);
        File.Copy(file, Path.Combine(directory, "model.onnx"), overwrite: true);
    }

    /// <summary>Settings under which nothing depends on how fast this machine is.</summary>
    public static ShadowSettings Settings(long candidate) => new()
    {
        Candidate = candidate,
        MinDuration = Duration.FromTimeSpan(TimeSpan.Zero),
        MaxExecutionRatio = 0,
        MaxAge = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)),
    };

    public async Task<ShadowStatus> StartShadowAsync(string model, ShadowSettings settings) =>
        await Admin.StartShadowAsync(new StartShadowRequest { Model = model, Settings = settings }, cancellationToken: TestContext.Current.CancellationToken);

    public async Task<ShadowStatus> StatusAsync(string model) =>
        await Admin.GetShadowAsync(new GetShadowRequest { Model = model }, cancellationToken: TestContext.Current.CancellationToken);

    public async Task<ShadowReport> ReportAsync(string model) =>
        await Admin.GetShadowReportAsync(new GetShadowReportRequest { Model = model }, cancellationToken: TestContext.Current.CancellationToken);

    public async Task<ShadowReport> StopShadowAsync(string model) =>
        await Admin.StopShadowAsync(new StopShadowRequest { Model = model }, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Waits until so many requests were seen and none waits any more; the counts then add up. Copies get little of a processor that other tests use.</summary>
    public async Task<ShadowStatus> SettledAsync(string model, long eligible)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4), TimeProvider.System);
        while (true)
        {
            var status = await StatusAsync(model);
            if (status.Eligible == eligible && status.QueuedRequests == 0) return status;
            if (patience.IsCancellationRequested) Assert.Fail($"Not settled within 4 min: {status}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A request to <c>shadowed</c> of one row that begins with the given number.</summary>
    public static ModelInferRequest Shadowed(float first, string id = "", string version = "") => new()
    {
        ModelName = "shadowed",
        ModelVersion = version,
        Id = id,
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 4 } } },
        RawInputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([first, 1, 2, 3])) },
    };

    /// <summary>Sends requests, eight at a time; every one must be answered.</summary>
    public async Task<ModelInferResponse[]> SendAllAsync(int count, Func<int, ModelInferRequest> request)
    {
        var answers = new ModelInferResponse[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken },
            async (i, _) => answers[i] = await Client.InferAsync(request(i)));
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _directory.Dispose();
    }
}
