using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Shadowing;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Shadowing;

/// <summary>A model of two scripted versions in a real repository, and the shadows over it.</summary>
internal sealed class ShadowFixture : IAsyncDisposable, IRepositoryObserver, IShadowLaneObserver, IShadowObserver, IShadowCaptures
{
    public const string Model = "scripted";

    private readonly string _directory = Directory.CreateTempSubdirectory("grpcserving-").FullName;
    private readonly ConcurrentDictionary<long, Script> _scripts = new();
    private readonly Router _router;

    private ShadowFixture(TimeProvider time)
    {
        var runtime = new ScriptedRuntime(Of);
        // Tests beside this one may use the whole processor: that is not what is tested here.
        var devices = new DeviceBoards(this, time) { Processor = () => new ProcessorMeter(static () => TimeSpan.Zero, 1, null, time.TimestampFrequency) };
        Repository = new ModelRepository(_directory, new VersionLoader(runtime, Pool, devices, new StatisticsRegistry(time), time), runtime, this);
        Shadows = new ShadowRegistry(Repository, this, this, time);
        _router = new Router(Repository);
    }

    public TensorPool Pool { get; } = new();

    public ModelRepository Repository { get; }

    public ShadowRegistry Shadows { get; }

    public Script Primary => Of(1);

    public Script Candidate => Of(2);

    /// <summary>What was reported, in order.</summary>
    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>Hashes of the pairs that were offered to the capture.</summary>
    public ConcurrentQueue<ulong> Captured { get; } = new();

    public bool HasFailed => Events.Any(static happened => happened.StartsWith("failed", StringComparison.Ordinal));

    public static Task<ShadowFixture> StartAsync(string modelJson = """{ "versions": { "all": true }, "batching": { "policy": "greedy" } }""") => StartAsync(TimeProvider.System, modelJson);

    public static async Task<ShadowFixture> StartAsync(TimeProvider time, string modelJson)
    {
        var fixture = new ShadowFixture(time);
        fixture.AddVersion(1);
        fixture.AddVersion(2);
        fixture.Configure(modelJson);
        Assert.Equal(ServingError.None, await fixture.Repository.LoadAsync(Model));
        return fixture;
    }

    public Script Of(long version) => _scripts.GetOrAdd(version, static _ => new Script());

    public void AddVersion(int version)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_directory, Model, $"{version}"));
        File.WriteAllText(Path.Combine(directory.FullName, "model.onnx"), $"version {version}");
    }

    public void Configure(string modelJson) => File.WriteAllText(Path.Combine(_directory, Model, "model.json"), modelJson);

    /// <summary>Nothing in these depends on how fast this machine is.</summary>
    public static ShadowSettings Settings() => new() { Candidate = 2, MaxExecutionRatio = 0, MinDuration = TimeSpan.Zero, MaxAge = TimeSpan.FromMinutes(1) };

    public async Task<ShadowSession> StartShadowAsync(ShadowSettings settings)
    {
        var (error, session) = await Shadows.StartAsync(Model, settings);
        Assert.Equal(ServingError.None, error);
        return session!;
    }

    /// <summary>Sends one request as the pipeline does, and gives everything back.</summary>
    public async Task<(float Answer, ServingError Error)> SendAsync(float x, string id = "", ImmutableArray<RequestParameter> parameters = default, string version = "", CancellationToken cancellation = default)
    {
        Assert.Equal(ServingError.None, _router.TryLease(Model, version, out var leased));
        var body = Pool.Rent(sizeof(float));
        MemoryMarshal.Write(body.GetSpan(), x);
        var request = new DecodedRequest
        {
            Id = id, Body = body, Inputs = [new InputSlice(0, sizeof(float))], Bucket = leased!.Shapes.Only!, Rows = 1, Parameters = parameters.IsDefault ? [] : parameters,
        };
        try
        {
            var pending = new PendingRequest(request);
            var shadow = leased.Shadow;
            var error = await leased.Lane.SubmitAsync(pending, long.MaxValue, cancellation);
            shadow?.Offer(request, pending, error);
            if (!error.IsNone) return (0, error);
            var answer = MemoryMarshal.Read<float>(pending.Result!.Bytes(0));
            pending.Result.Release();
            return (answer, error);
        }
        finally
        {
            request.Release();
            leased.Return();
        }
    }

    public static Task<ShadowReading> ReadAsync(ShadowSession session) => session.ReadAsync(static (_, reading) => reading);

    /// <summary>Waits until so many requests were eligible and none waits any more.</summary>
    public static async Task<ShadowReading> SettledAsync(ShadowSession session, long eligible)
    {
        ShadowReading reading;
        do reading = await ReadAsync(session);
        while (!(reading.Eligible == eligible && reading.Waiting == 0) && !TestContext.Current.CancellationToken.IsCancellationRequested);
        return reading;
    }

    public async Task AllBuffersReturnedAsync()
    {
        while (Pool.Rented != Pool.Returned) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var script in _scripts.Values) script.Gate.Set();
        await Shadows.DisposeAsync();
        await Repository.DisposeAsync();
        Assert.Equal(Pool.Rented, Pool.Returned);
        Assert.False(HasFailed, string.Join("\n", Events));
        Pool.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    void IRepositoryObserver.Changed(ModelTable table)
    {
    }

    void IRepositoryObserver.LoadCompleted(ModelTable table)
    {
    }

    void IRepositoryObserver.Loaded(ServedVersion version)
    {
    }

    void IRepositoryObserver.LoadFailed(string model, long version, string reason) => Events.Enqueue($"load failed: {reason}");

    void IRepositoryObserver.Skipped(string model, string reason)
    {
    }

    void IRepositoryObserver.Retired(ServedVersion version)
    {
    }

    void IShadowLaneObserver.PriorityNotLowered(string reason)
    {
    }

    void IShadowLaneObserver.RunOverdue(ModelSpec spec, int rows, TimeSpan limit)
    {
    }

    void IShadowLaneObserver.RunLost(ModelSpec spec, int rows)
    {
    }

    void IShadowLaneObserver.RunRecovered(ModelSpec spec)
    {
    }

    void IShadowLaneObserver.LaneFailed(ModelSpec spec, Exception failure) => Events.Enqueue($"failed: {failure}");

    void IShadowObserver.Started(ShadowSession session) => Events.Enqueue("started");

    void IShadowObserver.StartFailed(string model, string reason) => Events.Enqueue($"not started: {reason}");

    void IShadowObserver.Changed(ShadowSession session, ShadowReading before, ShadowReading now) => Events.Enqueue($"{now.Verdict.Verdict} {now.State}");

    void IShadowObserver.Ended(ShadowSession session, ShadowReading last) => Events.Enqueue("ended");

    void IShadowObserver.Failed(ShadowSession session, Exception bug) => Events.Enqueue($"failed: {bug}");

    IShadowCapture IShadowCaptures.Open(ShadowSides sides, ShadowSettings settings) => new Capture(this);

    private sealed class Capture(ShadowFixture fixture) : IShadowCapture
    {
        public double Fraction { get; set; }

        public long Offer(in ShadowPair pair, PairComparison comparison)
        {
            fixture.Captured.Enqueue(pair.Hash);
            return fixture.Captured.Count;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
