using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>The models of one directory and their life: load, reload, unload, retire.</summary>
/// <remarks>
/// <para>
/// <see cref="Table"/> is what requests see: immutable, replaced whole. A reload loads the new versions first, replaces the table, and only
/// then retires the old ones when their last request has been answered; a reload that fails leaves what was there. Changes to one model
/// follow each other; different models change at the same time.
/// </para>
/// <para>Any thread.</para>
/// </remarks>
public sealed class ModelRepository(string directory, VersionLoader loader, IModelRuntime runtime, IRepositoryObserver observer) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _changing = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _retiring = new();
    private readonly Lock _lock = new();
    private ModelTable _table = ModelTable.Empty;

    /// <summary>What can be served at this instant.</summary>
    public ModelTable Table => Volatile.Read(ref _table);

    /// <summary>The table was replaced. Raised in the order of the changes, on the thread that makes them, while others wait: return at once.</summary>
    internal event Action<ModelTable>? Changed;

    /// <summary>Where the models lie.</summary>
    public string Directory { get; } = directory;

    /// <summary>True once every model found at start has been loaded or has failed to load.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Finds the devices that the models ask for and this build or machine lacks.</summary>
    /// <returns>A sentence for each; empty when all are there. A model whose configuration cannot be read is not asked: its load reports it.</returns>
    public ImmutableArray<string> FindMissingDevices()
    {
        var missing = ImmutableArray.CreateBuilder<string>();
        foreach (var name in FindModels())
        {
            try
            {
                if (runtime.CheckDevice(ConfigurationReader.ReadLayout(PathOf(name)).Device) is { } sentence) missing.Add($"Model '{name}': {sentence}");
            }
            catch (ModelLoadException unreadable)
            {
                observer.Skipped(name, unreadable.Message);
            }
        }
        return missing.ToImmutable();
    }

    /// <summary>Models of the directory that have never been loaded: they came after the start. Empty while the directory cannot be read.</summary>
    public ImmutableArray<string> FindUnknown() => FindModels().RemoveAll(name => Table.Find(name) is not null);

    /// <summary>Loads everything that is in the directory, several models at a time. One that fails does not stop the others.</summary>
    public async Task LoadAllAsync(CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(2, Environment.ProcessorCount), CancellationToken = cancellation };
        await Parallel.ForEachAsync(FindModels(), options, async (name, _) => await LoadAsync(name).ConfigureAwait(false)).ConfigureAwait(false);
        IsLoaded = true;
        observer.LoadCompleted(Table);
    }

    /// <summary>Loads or reloads a model from its directory; returns when the outcome is known.</summary>
    /// <returns>An error that says why when a version it should serve could not be loaded; the other versions are served all the same.</returns>
    public async Task<ServingError> LoadAsync(string name)
    {
        if (!IsModelName(name) || !System.IO.Directory.Exists(PathOf(name)))
            return new ServingError(ErrorReason.NotFound, $"failed to load '{CallerText.Clip(name)}': the repository has no directory of that name");

        return await ChangeAsync(name, () => Load(name)).ConfigureAwait(false);
    }

    /// <summary>Takes a model out of service. Returns at once; requests that are under way are answered.</summary>
    public async Task<ServingError> UnloadAsync(string name)
    {
        // Before anything is kept under a name that a caller made up.
        if (Table.Find(name) is null) return new ServingError(ErrorReason.NotFound, $"failed to unload '{CallerText.Clip(name)}': the repository has no model of that name");
        return await ChangeAsync(name, () => Unload(name)).ConfigureAwait(false);
    }

    /// <summary>Makes a version the candidate of a shadow: it answers only requests that name it. Loads it when the model's version policy left it out.</summary>
    /// <returns>The candidate on success; it may be replaced or unloaded at any moment after.</returns>
    public async Task<(ServingError Error, ServedVersion? Candidate)> SetCandidateAsync(string name, long version)
    {
        if (Table.Find(name) is null) return (new ServingError(ErrorReason.NotFound, $"the repository has no model '{CallerText.Clip(name)}'"), null);
        return await ChangeAsync(name, () => SetCandidate(name, version)).ConfigureAwait(false);
    }

    /// <summary>Ends what <see cref="SetCandidateAsync"/> began, and gives the memory of a version back that was loaded for it only.</summary>
    /// <param name="name">Of a model that is known.</param>
    public Task ClearCandidateAsync(string name, long version) => ChangeAsync(name, () => ClearCandidate(name, version));

    /// <summary>Retires everything and waits for it. Nothing may be leased after the call began.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var name in Table.Models.Keys) await UnloadAsync(name).ConfigureAwait(false);
        while (!_retiring.IsEmpty) await Task.WhenAll(_retiring.Keys).ConfigureAwait(false);
    }

    /// <summary>Empty while the directory cannot be read: what is served is served from memory.</summary>
    private ImmutableArray<string> FindModels()
    {
        try
        {
            return RepositoryScanner.Models(Directory);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>A name is one directory: nothing that leads elsewhere.</summary>
    private static bool IsModelName(string name) =>
        name.Length > 0 && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\', '\0') < 0;

    /// <summary>Makes a change once those that were asked for before have been made.</summary>
    private async Task<T> ChangeAsync<T>(string name, Func<T> change)
    {
        var changing = _changing.GetOrAdd(name, static _ => new SemaphoreSlim(1));
        await changing.WaitAsync().ConfigureAwait(false);
        try
        {
            // Loading blocks for as long as the runtime takes; a thread of its own keeps the pool free for those who are served meanwhile.
            return await Task.Factory.StartNew(change, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Of a model that has been in the table: it stays there, whatever becomes of its versions.</summary>
    private ModelEntry Known(string name) => Table.Find(name)!;

    private ServingError Unload(string name)
    {
        var entry = Known(name);
        Publish(new ModelEntry(name, [.. entry.Versions.Select(static version => new VersionEntry(version.Version, version.Served is null ? VersionState.Unavailable : VersionState.Unloading, VersionEntry.Unloaded, null))]));
        foreach (var version in entry.Versions)
            if (version.Served is { } served) Retire(served);
        return ServingError.None;
    }

    private (ServingError Error, ServedVersion? Candidate) SetCandidate(string name, long version)
    {
        var entry = Known(name);
        if (entry.Find(version)?.Served is not { } served) return LoadCandidate(entry, version);
        Publish(entry with { Candidate = version });
        return (ServingError.None, served);
    }

    /// <returns>Whether it was the candidate.</returns>
    private bool ClearCandidate(string name, long version)
    {
        var entry = Known(name);
        if (entry.Candidate != version) return false;
        var extra = entry.Find(version) is { IsExtra: true, Served: not null } found ? found : null;
        Publish(entry with
        {
            Candidate = entry.ConfiguredCandidate,
            Versions = extra is null ? entry.Versions : entry.Versions.Replace(extra, new VersionEntry(version, VersionState.Unloading, "its shadow has ended", null)),
        });
        if (extra is not null) Retire(extra.Served!);
        return true;
    }

    private (ServingError Error, ServedVersion? Candidate) LoadCandidate(ModelEntry entry, long version)
    {
        try
        {
            var modelDirectory = PathOf(entry.Name);
            var layout = ConfigurationReader.ReadLayout(modelDirectory);
            var available = RepositoryScanner.Versions(modelDirectory);
            if (!available.Contains(version))
                return (new ServingError(ErrorReason.NotFound, $"model '{entry.Name}' has no version {version}: expected {entry.Name}/{version}/{layout.ModelFile} in the repository, which has {(available.IsEmpty ? "none" : string.Join(", ", available))}"), null);
            var served = loader.Load(entry.Name, version, modelDirectory, layout);
            observer.Loaded(served);
            var others = entry.Versions.Where(other => other.Version != version);
            Publish(entry with { Candidate = version, Versions = [.. others.Append(VersionEntry.Ready(served) with { IsExtra = true }).OrderBy(static other => other.Version)] });
            return (ServingError.None, served);
        }
        catch (Exception failure)
        {
            // As when a version is loaded for its own sake: whatever a foreign file does, the model goes on.
            observer.LoadFailed(entry.Name, version, failure.Message);
            return (new ServingError(ErrorReason.VersionNotReady, failure.Message), null);
        }
    }

    private ServingError Load(string name)
    {
        var known = Table.Find(name);
        var before = known?.Versions ?? [];
        try
        {
            var modelDirectory = PathOf(name);
            var layout = ConfigurationReader.ReadLayout(modelDirectory);
            var available = RepositoryScanner.Versions(modelDirectory);
            // A shadow that is on stays on, with the candidate as it is now.
            var candidate = layout.Candidate > 0 ? layout.Candidate : known?.Candidate ?? 0;
            // The policy chooses who serves; the candidate comes beside.
            var versions = layout.Versions.Select(available.Remove(candidate));
            if (candidate > 0 && available.Contains(candidate)) versions = [.. versions.Append(candidate).Order()];
            if (versions.IsEmpty) throw new ModelLoadException($"Model '{name}' has no version directory to serve (expected {name}/1/{layout.ModelFile}, for example).");

            PublishLoading(name, before, versions, candidate, layout.Candidate);
            var isExtra = !layout.Versions.Select(available).Contains(candidate);
            var after = versions.Select(version => LoadVersion(name, version, modelDirectory, layout, before) with { IsExtra = version == candidate && isExtra }).ToImmutableArray();
            Publish(new ModelEntry(name, after) { Candidate = candidate, ConfiguredCandidate = layout.Candidate });
            RetireReplaced(before, after);

            var failed = after.Where(static version => version.Reason.Length > 0).Select(static version => version.Reason).ToArray();
            return failed.Length == 0 ? ServingError.None : ServingError.Invalid($"failed to load '{name}': {string.Join(" ", failed)}");
        }
        catch (Exception failure) when (failure is ModelLoadException or IOException or UnauthorizedAccessException)
        {
            observer.LoadFailed(name, 0, failure.Message);
            Publish(before.IsEmpty ? new ModelEntry(name, [new VersionEntry(0, VersionState.Unavailable, failure.Message, null)]) : known! with { Versions = before });
            return ServingError.Invalid($"failed to load '{name}': {failure.Message}");
        }
    }

    private VersionEntry LoadVersion(string name, long version, string modelDirectory, ModelLayout layout, ImmutableArray<VersionEntry> before)
    {
        try
        {
            var served = loader.Load(name, version, modelDirectory, layout);
            observer.Loaded(served);
            return VersionEntry.Ready(served);
        }
        catch (Exception failure)
        {
            // Whatever a foreign model file makes the runtime throw, the other models go on.
            observer.LoadFailed(name, version, failure.Message);
            var old = before.FirstOrDefault(entry => entry.Version == version)?.Served;
            return new VersionEntry(version, old is null ? VersionState.Unavailable : VersionState.Ready, failure.Message, old);
        }
    }

    /// <summary>Versions that were there stay available while the new ones load.</summary>
    private void PublishLoading(string name, ImmutableArray<VersionEntry> before, ImmutableArray<long> versions, long candidate, long configured)
    {
        var known = before.Where(static entry => entry.Served is not null).ToDictionary(static entry => entry.Version);
        var all = versions.Union(known.Keys).Order();
        Publish(new ModelEntry(name, [.. all.Select(version => known.TryGetValue(version, out var entry) ? entry : new VersionEntry(version, VersionState.Loading, "", null))]) { Candidate = candidate, ConfiguredCandidate = configured });
    }

    private void RetireReplaced(ImmutableArray<VersionEntry> before, ImmutableArray<VersionEntry> after)
    {
        foreach (var old in before)
            if (old.Served is { } served && !after.Any(entry => ReferenceEquals(entry.Served, served))) Retire(served);
    }

    private void Publish(ModelEntry entry)
    {
        lock (_lock)
        {
            Volatile.Write(ref _table, _table.With(entry));
            Notify();
        }
    }

    private void Notify()
    {
        observer.Changed(_table);
        Changed?.Invoke(_table);
    }

    private void Retire(ServedVersion served)
    {
        var retirement = RetireAsync(served);
        if (retirement.IsCompleted) return;
        _retiring.TryAdd(retirement, 0);
        _ = retirement.ContinueWith(done => _retiring.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RetireAsync(ServedVersion served)
    {
        try
        {
            await served.RetireAsync().ConfigureAwait(false);
        }
        finally
        {
            MarkUnloaded(served);
            observer.Retired(served);
        }
    }

    /// <summary>An unloading version becomes unavailable once its memory is given back.</summary>
    private void MarkUnloaded(ServedVersion served)
    {
        lock (_lock)
        {
            if (_table.Find(served.Spec.Name) is not { } entry || entry.Find(served.Spec.Version) is not { State: VersionState.Unloading } version) return;
            Volatile.Write(ref _table, _table.With(entry with { Versions = entry.Versions.Replace(version, version with { State = VersionState.Unavailable }) }));
            Notify();
        }
    }
}
