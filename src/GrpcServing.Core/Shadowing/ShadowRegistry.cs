using System.Collections.Concurrent;
using System.Collections.Immutable;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>The shadows of the server, one per model: starts them, ends them, and keeps the last of each for its report.</summary>
/// <remarks>
/// <para>
/// Follows the model table: a shadow that a model's configuration asks for starts when the model is loaded; one whose versions are loaded
/// anew starts anew; one whose versions go ends. A shadow that could not be started is kept as a <see cref="FailedShadow"/>.
/// </para>
/// <para>Any thread. What changes the shadow of one model follows each other; different models do not wait for each other.</para>
/// </remarks>
internal sealed class ShadowRegistry : IAsyncDisposable
{
    // A candidate that is not at fault has ended its last run by then.
    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(1);

    private readonly ModelRepository _repository;
    private readonly IShadowCaptures? _captures;
    private readonly IShadowObserver _observer;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, ModelShadow> _shadows = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _following = new();
    private volatile bool _closed;

    /// <param name="captures">Null when nothing is kept.</param>
    public ShadowRegistry(ModelRepository repository, IShadowCaptures? captures, IShadowObserver observer, TimeProvider time)
    {
        _repository = repository;
        _captures = captures;
        _observer = observer;
        _time = time;
        _repository.Changed += Follow;
    }

    /// <summary>The shadow of each model that has or had one, by model.</summary>
    public IEnumerable<ShadowSession> Sessions => _shadows.OrderBy(static shadow => shadow.Key, StringComparer.Ordinal).Select(static shadow => shadow.Value.Session).OfType<ShadowSession>();

    /// <summary>Configured shadows that could not be started, and have not been since.</summary>
    public IEnumerable<FailedShadow> Failed => _shadows.OrderBy(static shadow => shadow.Key, StringComparer.Ordinal).Select(static shadow => shadow.Value.Failed).OfType<FailedShadow>();

    /// <summary>The model's shadow, running or ended; null when it never had one.</summary>
    public ShadowSession? Find(string model) => _shadows.GetValueOrDefault(model)?.Session;

    /// <summary>The model's configured shadow that could not be started; null when there is none.</summary>
    public FailedShadow? FindFailed(string model) => _shadows.GetValueOrDefault(model)?.Failed;

    /// <summary>Starts a shadow; loads the candidate if need be.</summary>
    /// <param name="settings">Within their ranges.</param>
    /// <returns>
    /// NotFound for an unknown model or version; InvalidArgument for comparators that do not fit the model; VersionNotReady, with the way out,
    /// when the model's state stands in the way.
    /// </returns>
    public async Task<(ServingError Error, ShadowSession? Session)> StartAsync(string model, ShadowSettings settings)
    {
        if (_repository.Table.Find(model) is null)
            return (new ServingError(ErrorReason.NotFound, $"the repository has no model '{CallerText.Clip(model)}'"), null);
        var shadow = _shadows.GetOrAdd(model, static _ => new ModelShadow());
        await shadow.Changing.WaitAsync().ConfigureAwait(false);
        try
        {
            return await StartAsync(shadow, model, settings).ConfigureAwait(false);
        }
        finally
        {
            shadow.Changing.Release();
        }
    }

    /// <summary>Ends the model's shadow, in milliseconds whatever the candidate does. One that has ended stays as it is.</summary>
    /// <returns>Its last session; null when it never had one.</returns>
    public async Task<ShadowSession?> StopAsync(string model)
    {
        if (_shadows.GetValueOrDefault(model) is not { Session: { } session } shadow) return null;
        // Not behind a start or a reload that takes its time.
        await session.EndAsync(ShadowState.Stopped, "It was stopped.").ConfigureAwait(false);
        Track(ReleaseAsync(shadow, session));
        return session;
    }

    /// <summary>Ends every shadow and waits until nothing of them runs.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        _repository.Changed -= Follow;
        foreach (var session in Sessions) await session.EndAsync(ShadowState.Stopped, "The server stopped.").ConfigureAwait(false);
        foreach (var session in Sessions) await session.DisposeAsync().ConfigureAwait(false);
        while (!_following.IsEmpty) await Task.WhenAll(_following.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<(ServingError Error, ShadowSession? Session)> StartAsync(ModelShadow shadow, string model, ShadowSettings settings)
    {
        if (_closed) return (Conflict($"the server stops"), null);
        if (shadow.Session is { Ended.IsCompleted: false } running)
            return (Conflict($"model '{model}' has a shadow already: version {running.Sides.Candidate.Version} beside version {running.Sides.Primary.Version}. Stop it first"), null);
        if (shadow.Session is { } ended) await Task.WhenAny(ended.Released, Task.Delay(ReleasePatience, _time)).ConfigureAwait(false);

        var (error, primary) = FindPrimary(model, settings);
        if (!error.IsNone) return (error, null);
        var misfits = settings.ToComparatorOptions().Failures(primary!.Spec).ToArray();
        if (misfits.Length > 0) return (ServingError.Invalid($"comparators: {string.Join("; ", misfits)}"), null);

        (error, var candidate) = await _repository.SetCandidateAsync(model, settings.Candidate).ConfigureAwait(false);
        if (!error.IsNone) return (error, null);
        if (shadow.Session is { Released.IsCompleted: false } hanging && hanging.Candidate == candidate)
            return (Conflict($"a run of version {settings.Candidate} of model '{model}' has not ended since its shadow was stopped. Load the model again, or restart the server if its memory is needed"), null);
        try
        {
            var opened = Open(primary, candidate!, settings with { Primary = primary.Spec.Version });
            // Whoever finds it finds it mirroring.
            opened.Start();
            (shadow.Session, shadow.Asked, shadow.Failed) = (opened, settings, null);
        }
        catch (Exception failure)
        {
            await _repository.ClearCandidateAsync(model, settings.Candidate).ConfigureAwait(false);
            return (new ServingError(ErrorReason.VersionNotReady, failure.Message), null);
        }
        Track(ReleaseAsync(shadow, shadow.Session));
        return (ServingError.None, shadow.Session);
    }

    /// <summary>The version whose traffic is copied.</summary>
    private (ServingError Error, ServedVersion? Primary) FindPrimary(string model, ShadowSettings settings)
    {
        if (_repository.Table.Find(model) is not { } entry) return (new ServingError(ErrorReason.NotFound, $"the repository has no model '{CallerText.Clip(model)}'"), null);
        if (settings.Primary != 0)
        {
            return entry.Find(settings.Primary)?.Served is { } named ? (ServingError.None, named)
                : (Conflict($"version {settings.Primary} of model '{model}' is not ready; ready: {Ready(entry)}. Name one of those as primary, or let \"versions\" in model.json serve it"), null);
        }
        return entry.NewestBut(settings.Candidate) is { } newest ? (ServingError.None, newest)
            : (Conflict($"model '{model}' has no other version to compare {settings.Candidate} with; ready: {Ready(entry)}. Let \"versions\" in model.json serve the version that is to stay the primary too, and load the model again"), null);
    }

    private ShadowSession Open(ServedVersion primary, ServedVersion candidate, ShadowSettings settings)
    {
        settings = settings.For(primary);
        var lanes = new ShadowLaneSettings { MaxQueueRequests = settings.MaxQueueRequests, MaxQueueBytes = settings.MaxQueueBytes, MaxAge = settings.MaxAge };
        var candidateLane = candidate.OpenShadowLane(lanes with { Kind = ShadowLaneKind.Shadow }) ?? throw Unloading(candidate);
        ShadowLane? controlLane = null;
        IShadowCapture? capture = null;
        try
        {
            if (settings.ControlFraction > 0) controlLane = primary.OpenShadowLane(lanes with { Kind = ShadowLaneKind.Control }) ?? throw Unloading(primary);
            capture = _captures?.Open(new ShadowSides(primary.Spec, candidate.Spec), settings);
            return new ShadowSession(primary, settings, candidateLane, controlLane, capture, _observer, _time);
        }
        catch
        {
            Track(candidateLane.DisposeAsync().AsTask());
            if (controlLane is not null) Track(controlLane.DisposeAsync().AsTask());
            throw;
        }
    }

    /// <summary>After the end of a session, however it came: its versions are an ordinary model's again.</summary>
    private async Task ReleaseAsync(ModelShadow shadow, ShadowSession session)
    {
        await session.Ended.ConfigureAwait(false);
        // The lanes are closed by their versions when those are retired, so this need not wait for them.
        await shadow.Changing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (shadow.Session == session) await _repository.ClearCandidateAsync(session.Sides.Model, session.Sides.Candidate.Version).ConfigureAwait(false);
        }
        finally
        {
            shadow.Changing.Release();
        }
    }

    /// <summary>The table has changed. Called while others wait: the work is done elsewhere.</summary>
    private void Follow(ModelTable table)
    {
        if (_closed) return;
        foreach (var entry in table.Models.Values)
            if (_shadows.ContainsKey(entry.Name) || Configured(entry) is not null) Track(Task.Run(() => FollowAsync(entry.Name)));
    }

    private async Task FollowAsync(string model)
    {
        var shadow = _shadows.GetOrAdd(model, static _ => new ModelShadow());
        await shadow.Changing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_closed || _repository.Table.Find(model) is not { } entry) return;
            var settings = Configured(entry) is { } configured && shadow.MarkFollowed(entry) ? configured : null;
            if (shadow.Session is { Ended.IsCompleted: false } session && !Holds(entry, session))
            {
                await session.EndAsync(ShadowState.Stopped, "Its versions were loaded anew or unloaded.").ConfigureAwait(false);
                // As it was asked for, against what is there now.
                if (entry.Newest is not null) settings ??= shadow.Asked;
            }
            else if (shadow.Session is { Ended.IsCompleted: false })
            {
                return;
            }
            if (settings is null) return;
            var (error, _) = await StartAsync(shadow, model, settings).ConfigureAwait(false);
            if (error.IsNone) return;
            shadow.Failed = new FailedShadow(model, settings, error.Message, _time.GetUtcNow());
            _observer.StartFailed(model, error.Message);
        }
        catch (Exception bug)
        {
            _observer.StartFailed(model, $"a fault of the server: {bug.Message}");
        }
        finally
        {
            shadow.Changing.Release();
        }
    }

    private static ShadowSettings? Configured(ModelEntry entry) => entry.NewestBut(0)?.Configuration.Shadow;

    private static bool Holds(ModelEntry entry, ShadowSession session) =>
        entry.Find(session.Sides.Primary.Version)?.Served == session.Primary && entry.Find(session.Sides.Candidate.Version)?.Served == session.Candidate;

    private static string Ready(ModelEntry entry) => string.Join(", ", entry.Versions.Where(static version => version.Served is not null).Select(static version => version.Version)) is { Length: > 0 } ready ? ready : "none";

    private static ServingError Conflict(string message) => new(ErrorReason.VersionNotReady, message);

    private static InvalidOperationException Unloading(ServedVersion version) => new($"version {version.Spec.Version} of model '{version.Spec.Name}' was unloaded meanwhile. Start the shadow again");

    private void Track(Task task)
    {
        if (task.IsCompleted) return;
        _following.TryAdd(task, 0);
        _ = task.ContinueWith(done => _following.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>What is known of the shadow of one model.</summary>
    private sealed class ModelShadow
    {
        private ImmutableArray<ServedVersion> _followed = [];

        /// <summary>Whoever starts or replaces holds it.</summary>
        public SemaphoreSlim Changing { get; } = new(1);

        public ShadowSession? Session { get; set; }

        /// <summary>What the session was asked for, before anything was filled in.</summary>
        public ShadowSettings? Asked { get; set; }

        public FailedShadow? Failed { get; set; }

        /// <summary>Remembers that the configuration of these versions was acted upon.</summary>
        /// <returns>False when it was before: a shadow that was stopped stays stopped until the model is loaded anew.</returns>
        public bool MarkFollowed(ModelEntry entry)
        {
            var served = entry.Versions.Select(static version => version.Served).OfType<ServedVersion>().ToImmutableArray();
            var isNew = !served.Any(version => _followed.Contains(version));
            _followed = served;
            return isNew;
        }
    }
}

/// <summary>A shadow that a model's configuration asks for and that could not be started.</summary>
/// <param name="Reason">A sentence that says why and what to do.</param>
internal sealed record FailedShadow(string Model, ShadowSettings Settings, string Reason, DateTimeOffset At);
