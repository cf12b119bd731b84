using System.Collections.Frozen;
using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>The life of a version, in the words of the repository index.</summary>
public enum VersionState
{
    Loading,
    Ready,
    Unloading,
    Unavailable,
}

/// <param name="Version">0 stands for the model as a whole, when not even its configuration could be read.</param>
/// <param name="Reason">Why it is not ready; "" when it is.</param>
/// <param name="Served">Set when ready.</param>
public sealed record VersionEntry(long Version, VersionState State, string Reason, ServedVersion? Served)
{
    /// <summary>The reason of a version that was taken out of service on purpose.</summary>
    public const string Unloaded = "unloaded";

    /// <summary>Loaded for a shadow only, beyond what the model's version policy asks for.</summary>
    public bool IsExtra { get; init; }

    public static VersionEntry Ready(ServedVersion served) => new(served.Spec.Version, VersionState.Ready, "", served);
}

/// <summary>What is known of one model.</summary>
/// <param name="Versions">Ascending by version.</param>
public sealed record ModelEntry(string Name, ImmutableArray<VersionEntry> Versions)
{
    /// <summary>Version that a shadow compares with the one that serves, and so answers only requests that name it; 0 = there is none.</summary>
    public long Candidate { get; init; }

    /// <summary>What <see cref="Candidate"/> is without a shadow from elsewhere: the one that the model's configuration names; 0 = none.</summary>
    public long ConfiguredCandidate { get; init; }

    /// <summary>The newest version that is ready and not the candidate: it answers requests that name none.</summary>
    public ServedVersion? Newest => NewestBut(Candidate);

    /// <summary>The newest version that is ready, leaving one out.</summary>
    public ServedVersion? NewestBut(long version)
    {
        for (var i = Versions.Length - 1; i >= 0; i--)
            if (Versions[i].Served is { } served && Versions[i].Version != version) return served;
        return null;
    }

    public VersionEntry? Find(long version)
    {
        foreach (var entry in Versions)
            if (entry.Version == version) return entry;
        return null;
    }
}

/// <summary>All models at one instant. Immutable; replaced whole by <see cref="ModelRepository"/>, so a reader never sees half a change.</summary>
public sealed class ModelTable(FrozenDictionary<string, ModelEntry> models)
{
    private readonly FrozenDictionary<string, ModelEntry>.AlternateLookup<ReadOnlySpan<char>> _bySpan = models.GetAlternateLookup<ReadOnlySpan<char>>();

    public static ModelTable Empty { get; } = new(FrozenDictionary.ToFrozenDictionary<string, ModelEntry>([], StringComparer.Ordinal));

    /// <summary>By name.</summary>
    public FrozenDictionary<string, ModelEntry> Models { get; } = models;

    public ModelEntry? Find(ReadOnlySpan<char> name) => _bySpan.TryGetValue(name, out var entry) ? entry : null;

    public ModelTable With(ModelEntry entry) => new(Models.Where(pair => pair.Key != entry.Name)
        .Append(KeyValuePair.Create(entry.Name, entry)).ToFrozenDictionary(StringComparer.Ordinal));
}
