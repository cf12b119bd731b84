using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Shadowing;
using GrpcServing.Telemetry;

namespace GrpcServing.Models;

/// <summary>One model version in memory, ready to answer.</summary>
/// <remarks>
/// A caller holds a lease (<see cref="TryLease"/>, <see cref="Return"/>) from routing to response. <see cref="RetireAsync"/> lets no new lease
/// begin, waits for those that run, then gives the memory back: so a version that is being replaced fails nobody.
/// </remarks>
public sealed class ServedVersion
{
    private const long Retired = 1L << 62;

    private readonly ILoadedModel _model;
    private readonly ShadowLaneFactory _shadows;
    private readonly HashSet<ShadowLane> _openShadows = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _lastReturned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _leases;
    private ShadowTap? _shadow;
    private ILoadedModel? _copyModel;
    private bool _closing;
    private bool _isStillRun;

    internal ServedVersion(ModelSpec spec, ModelConfiguration configuration, ILoadedModel model, Lane lane, ShapeTable shapes, VersionStatistics statistics, MeasuredLatencyTable latency, ShadowLaneFactory shadows)
    {
        Spec = spec;
        Configuration = configuration;
        _model = model;
        _shadows = shadows;
        Lane = lane;
        Shapes = shapes;
        Statistics = statistics;
        Latency = latency;
        VersionText = spec.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    public ModelSpec Spec { get; }

    /// <summary><see cref="ModelSpec.Version"/> as responses write it.</summary>
    public string VersionText { get; }

    public ModelConfiguration Configuration { get; }

    /// <summary>What it was loaded from; empty when that was no file.</summary>
    public ModelFileFacts File { get; init; } = new("", 0);

    public Lane Lane { get; }

    public ShapeTable Shapes { get; }

    public VersionStatistics Statistics { get; }

    public MeasuredLatencyTable Latency { get; }

    /// <summary>Threads inside a run of one of its executors.</summary>
    public int ThreadsPerRun { get; init; } = 1;

    /// <summary>What copies run on; null = the model itself.</summary>
    internal CopyModel? Copies { get; init; }

    /// <summary>Takes copies of what this version answers; null while no shadow is on. Read by any thread, set by the shadow.</summary>
    internal ShadowTap? Shadow
    {
        get => Volatile.Read(ref _shadow);
        set => Volatile.Write(ref _shadow, value);
    }

    /// <summary>Bytes of the model as far as the runtime tells, of the one for copies too while there is one.</summary>
    public long MemoryBytes => _model.MemoryBytes + (Volatile.Read(ref _copyModel)?.MemoryBytes ?? 0);

    /// <summary>Begins the use of this version; false once it is retired: look the model up again.</summary>
    public bool TryLease()
    {
        if (Interlocked.Increment(ref _leases) < Retired) return true;
        Return();
        return false;
    }

    /// <summary>Ends a use that <see cref="TryLease"/> began.</summary>
    public void Return()
    {
        if (Interlocked.Decrement(ref _leases) == Retired) _lastReturned.TrySetResult();
    }

    /// <summary>Opens a lane that runs copies on this version, with executors of its own over the same weights. Any thread.</summary>
    /// <remarks>
    /// Needs no lease beyond the call: <see cref="RetireAsync"/> closes what is still open. Blocks while memory for the executors is made, and for
    /// the first lane where <see cref="Copies"/> must be loaded.
    /// </remarks>
    /// <returns>The caller's, to be disposed; null when the version is being retired.</returns>
    /// <exception cref="ModelLoadException">The model could not be loaded a second time.</exception>
    public ShadowLane? OpenShadowLane(ShadowLaneSettings settings)
    {
        lock (_lock)
        {
            if (_closing) return null;
            if (Copies is not null) _copyModel ??= Copies.Load();
            var opened = _shadows.Open(this, _copyModel ?? _model, settings, Closed);
            _openShadows.Add(opened);
            return opened;
        }
    }

    private void Closed(ShadowLane lane)
    {
        lock (_lock)
        {
            _openShadows.Remove(lane);
            _isStillRun |= lane.Runs.Lost > 0;
            if (_openShadows.Count > 0 || _isStillRun) return;
            _copyModel?.Dispose();
            _copyModel = null;
        }
    }

    private async Task CloseShadowsAsync()
    {
        ShadowLane[] open;
        lock (_lock)
        {
            _closing = true;
            open = [.. _openShadows];
        }
        foreach (var lane in open) await lane.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Takes the version out of service after its last user. Once, by its owner, after it can no longer be found.</summary>
    public async Task RetireAsync()
    {
        if (Interlocked.Add(ref _leases, Retired) == Retired) _lastReturned.TrySetResult();
        await _lastReturned.Task.ConfigureAwait(false);
        await CloseShadowsAsync().ConfigureAwait(false);
        await Lane.DisposeAsync().ConfigureAwait(false);
        Statistics.Close();
        // A run that hangs uses the weights still: giving them back would crash the process.
        if (!_isStillRun) _model.Dispose();
    }
}
