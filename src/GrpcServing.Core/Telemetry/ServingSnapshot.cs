using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>All numbers of the server, read together.</summary>
/// <param name="Lanes">Every lane, open or ended.</param>
/// <param name="Table">The models as they are.</param>
/// <param name="Turned">Requests that reached no version.</param>
public sealed record ServingSnapshot(ImmutableArray<LaneRecord> Lanes, ModelTable Table, ImmutableArray<TurnedAway> Turned)
{
    /// <summary>Versions in memory, with the labels of their lanes; no more than are told apart.</summary>
    public IEnumerable<(LaneLabels Labels, ServedVersion Version)> Served()
    {
        var known = Lanes.Where(static lane => lane.Labels.Lane == LaneLabels.Primary).ToDictionary(static lane => (lane.Labels.Model, lane.Labels.Version), static lane => lane.Labels);
        foreach (var model in Table.Models.Values)
            foreach (var entry in model.Versions)
                if (entry.Served is { } served && known.TryGetValue((served.Spec.Name, served.VersionText), out var labels)) yield return (labels, served);
    }
}

/// <param name="Model">Name of a model that the repository knows; "" for all other requests together.</param>
public readonly record struct TurnedAway(string Model, ErrorReason Reason, long Requests);
