using System.Globalization;
using GrpcServing.Models;

namespace GrpcServing.Routing;

/// <summary>Finds the version that answers a request. Any thread; never waits for a load.</summary>
public sealed class Router(ModelRepository repository)
{
    /// <summary>Leases the version that a request names.</summary>
    /// <param name="model">Name as sent.</param>
    /// <param name="version">A positive integer, or "" for the newest that is ready.</param>
    /// <param name="leased">On success: leased; the caller returns it.</param>
    public ServingError TryLease(string model, string version, out ServedVersion? leased)
    {
        while (true)
        {
            var error = Find(repository.Table, model, version, out leased);
            // A lease fails only on a version that has just been replaced: the table that is current by now knows its successor.
            if (!error.IsNone || leased!.TryLease()) return error;
        }
    }

    /// <summary>Looks a version up without leasing it, for metadata.</summary>
    public ServingError TryFind(string model, string version, out ServedVersion? found) => Find(repository.Table, model, version, out found);

    private static ServingError Find(ModelTable table, string model, string version, out ServedVersion? found)
    {
        found = null;
        if (table.Find(model) is not { } entry)
            return new ServingError(ErrorReason.NotFound, $"Request for unknown model: '{CallerText.Clip(model)}' is not found");

        if (version.Length == 0)
        {
            found = entry.Newest;
            return found is null ? NoneAvailable(entry) : ServingError.None;
        }
        if (!long.TryParse(version, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return ServingError.Invalid($"failed to get model version from specified version string '{CallerText.Clip(version)}' for model '{CallerText.Clip(model)}': expected a positive integer, or nothing for the newest version");
        if (number <= 0)
            return ServingError.Invalid($"invalid model version {CallerText.Clip(version)} for model '{CallerText.Clip(model)}': expected a positive integer, or nothing for the newest version");
        if (entry.Find(number) is not { } known)
            return new ServingError(ErrorReason.NotFound, $"Request for unknown model: '{CallerText.Clip(model)}' version {number} is not found");
        found = known.Served;
        return found is null
            ? new ServingError(ErrorReason.VersionNotReady, $"Request for unknown model: '{CallerText.Clip(model)}' version {number} is not at ready state{Because(known)}")
            : ServingError.None;
    }

    private static ServingError NoneAvailable(ModelEntry entry)
    {
        if (entry.Candidate != 0 && entry.Find(entry.Candidate) is { Served: not null })
            return new ServingError(ErrorReason.VersionNotReady, $"Request for unknown model: '{entry.Name}' has no version that answers: version {entry.Candidate} is the candidate of a shadow. Name it by its number, or load another version");
        foreach (var version in entry.Versions)
            if (version.State == VersionState.Loading)
                return new ServingError(ErrorReason.VersionNotReady, $"Request for unknown model: '{entry.Name}' version {version.Version} is not at ready state: it is loading");
        return new ServingError(ErrorReason.NotFound, $"Request for unknown model: '{entry.Name}' has no available versions{(entry.Versions is [.., var last] ? Because(last) : "")}");
    }

    private static string Because(VersionEntry entry) => entry.Reason.Length == 0 ? "" : $": {entry.Reason}";
}
