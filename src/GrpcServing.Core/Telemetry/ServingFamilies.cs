using System.Collections.Immutable;
using System.Globalization;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>Every metric of the server, in the order of the path of a request.</summary>
/// <param name="ticksPerSecond">Of the lanes' clock.</param>
internal sealed class ServingFamilies(double ticksPerSecond)
{
    public ImmutableArray<MetricFamily> All =>
    [
        new("grpcserving.requests", MetricKind.Counter, "{request}", "Requests by outcome: ok, or the reason of the error. Without version or model where the request reached none.", Requests),
        new("grpcserving.request.duration", MetricKind.Histogram, "s", "Arrival to answer, of requests that reached a version, by outcome.", static snapshot => Lanes(snapshot, Durations)) { Bounds = Buckets.Seconds },
        new("grpcserving.deadlines", MetricKind.Counter, "{request}", "Requests with a deadline: met, or missed because they were late, refused for it or given up.", static snapshot => Lanes(snapshot, Deadlines)),
        new("grpcserving.rows", MetricKind.Counter, "{row}", "Rows answered.", static snapshot => Lanes(snapshot, static lane => lane.Inferences)),
        new("grpcserving.input", MetricKind.Counter, "By", "Bytes of the input tensors of answered requests.", static snapshot => Lanes(snapshot, static lane => lane.InputBytes)),
        new("grpcserving.output", MetricKind.Counter, "By", "Bytes of the output tensors of answered requests.", static snapshot => Lanes(snapshot, static lane => lane.OutputBytes)),
        new("grpcserving.queue.duration", MetricKind.Histogram, "s", "Arrival to the start of the batch, of answered requests.", static snapshot => Lanes(snapshot, static lane => lane.Distributions.Queue)) { Bounds = Buckets.Seconds },
        new("grpcserving.queue.requests", MetricKind.Gauge, "{request}", "Requests waiting.", static snapshot => Served(snapshot, static version => version.Lane.WaitingRequests)),
        new("grpcserving.queue.rows", MetricKind.Gauge, "{row}", "Rows waiting.", static snapshot => Served(snapshot, static version => version.Lane.WaitingRows)),
        new("grpcserving.queue.size", MetricKind.Gauge, "By", "Bytes of the inputs waiting.", static snapshot => Served(snapshot, static version => version.Lane.WaitingBytes)),
        new("grpcserving.circuit.open", MetricKind.Gauge, "{lane}", "1 while the model failed on every recent request and requests are turned away.", static snapshot => Served(snapshot, static version => version.Lane.IsCircuitOpen ? 1 : 0)),
        new("grpcserving.batches.started", MetricKind.Counter, "{batch}", "Batches by why they were started when they were.", static snapshot => Lanes(snapshot, Started)),
        new("grpcserving.batch.wait", MetricKind.Histogram, "s", "Arrival of a batch's oldest member to the start of the batch.", static snapshot => Lanes(snapshot, static lane => lane.Distributions.BatchWait)) { Bounds = Buckets.Seconds },
        new("grpcserving.batch.rows", MetricKind.Histogram, "{row}", "Rows of the members of a batch.", static snapshot => Lanes(snapshot, static lane => lane.Distributions.BatchRows)) { Bounds = Buckets.Rows },
        new("grpcserving.batches", MetricKind.Counter, "{batch}", "Runs of the model that succeeded.", static snapshot => Lanes(snapshot, static lane => lane.Executions)),
        new("grpcserving.batches.split", MetricKind.Counter, "{batch}", "Batches that failed as a whole and were run again in parts.", static snapshot => Lanes(snapshot, static lane => lane.Splits)),
        new("grpcserving.padding.rows", MetricKind.Counter, "{row}", "Rows that ran only to fill a batch up.", static snapshot => Lanes(snapshot, static lane => lane.PaddingRows)),
        new("grpcserving.execution.duration", MetricKind.Histogram, "s", "A run on the device, by class of its rows, padding included.", static snapshot => Lanes(snapshot, Executions)) { Bounds = Buckets.Seconds },
        new("grpcserving.execution.wasted", MetricKind.Counter, "s", "Time of the device for callers who had gone.", snapshot => Lanes(snapshot, lane => lane.WastedTicks / ticksPerSecond)),
        new("grpcserving.execution.planned", MetricKind.Counter, "s", "Planned time of batches that had a plan.", snapshot => Lanes(snapshot, lane => lane.Plan.PlannedTicks / ticksPerSecond)),
        new("grpcserving.execution.plan_error", MetricKind.Counter, "s", "Difference between planned and actual time of these batches, without sign.", snapshot => Lanes(snapshot, lane => lane.Plan.AbsoluteErrorTicks / ticksPerSecond)),
        new("grpcserving.execution.plan_ratio", MetricKind.Histogram, "1", "Actual over planned time of these batches.", static snapshot => Lanes(snapshot, static lane => lane.Distributions.PlanRatio)) { Bounds = Buckets.PlanRatio },
        new("grpcserving.executors", MetricKind.Gauge, "{executor}", "Batches that can run at the same time.", static snapshot => Served(snapshot, static version => version.Lane.Executors)),
        new("grpcserving.executors.busy", MetricKind.Gauge, "{executor}", "Batches that run.", static snapshot => Served(snapshot, static version => version.Lane.BusyExecutors)),
        new("grpcserving.model.state", MetricKind.Gauge, "{version}", "1 for the state that a version is in, 0 for the others.", States),
        new("grpcserving.model.memory", MetricKind.Gauge, "By", "Bytes of the model as far as the runtime tells.", static snapshot => Served(snapshot, static version => version.MemoryBytes)),
        new("grpcserving.predictions", MetricKind.Counter, "{row}", "Rows by the class with the largest score, of classifiers.", Predictions),
        new("grpcserving.prediction.confidence", MetricKind.Histogram, "1", "Probability of the class with the largest score, of classifiers that give probabilities.", Confidence) { Bounds = Buckets.Confidence },
    ];

    private static IEnumerable<Sample> Lanes(ServingSnapshot snapshot, Func<StatisticsSnapshot, double> read) =>
        snapshot.Lanes.Select(lane => new Sample(Tags(lane.Labels), read(lane.Statistics)));

    private static IEnumerable<Sample> Lanes(ServingSnapshot snapshot, Func<StatisticsSnapshot, DistributionSnapshot> read) =>
        snapshot.Lanes.Select(lane => new Sample(Tags(lane.Labels), 0, read(lane.Statistics)));

    private static IEnumerable<Sample> Lanes(ServingSnapshot snapshot, Func<LaneRecord, IEnumerable<Sample>> read) => snapshot.Lanes.SelectMany(read);

    private static IEnumerable<Sample> Served(ServingSnapshot snapshot, Func<ServedVersion, double> read) =>
        snapshot.Served().Select(served => new Sample(Tags(served.Labels), read(served.Version)));

    private static IEnumerable<Sample> Requests(ServingSnapshot snapshot)
    {
        foreach (var turned in snapshot.Turned)
            yield return turned.Model.Length == 0
                ? new Sample([Tag("outcome", ReasonLabels.Of(turned.Reason))], turned.Requests)
                : new Sample([Tag("model", turned.Model), Tag("outcome", ReasonLabels.Of(turned.Reason))], turned.Requests);
        // All outcomes from the start: a rate does not see the step from no series to the first count.
        foreach (var lane in snapshot.Lanes)
            foreach (var outcome in Enum.GetValues<ErrorReason>())
                yield return new Sample(Tags(lane.Labels, Tag("outcome", ReasonLabels.Of(outcome))), outcome == ErrorReason.None ? lane.Statistics.Success.Count : lane.Statistics.Failures[(int)outcome]);
    }

    private static IEnumerable<Sample> Durations(LaneRecord lane) =>
        lane.Statistics.Distributions.Requests.Select((outcome, reason) => (Outcome: outcome, Reason: (ErrorReason)reason)).Where(static one => one.Outcome is not null)
            .Select(one => new Sample(Tags(lane.Labels, Tag("outcome", ReasonLabels.Of(one.Reason))), 0, one.Outcome));

    private static IEnumerable<Sample> Deadlines(LaneRecord lane) =>
    [
        new(Tags(lane.Labels, Tag("result", "met")), lane.Statistics.DeadlinesMet),
        new(Tags(lane.Labels, Tag("result", "missed")), lane.Statistics.DeadlinesMissed),
    ];

    private static IEnumerable<Sample> Started(LaneRecord lane) =>
        lane.Statistics.Started.Select((count, reason) => new Sample(Tags(lane.Labels, Tag("reason", ReasonLabels.Of((BatchCloseReason)reason))), count));

    private static IEnumerable<Sample> Executions(LaneRecord lane) =>
        lane.Statistics.Distributions.Executions.Select((size, index) => (Size: size, Rows: SizeClass.Labels[index])).Where(static one => one.Size is not null)
            .Select(one => new Sample(Tags(lane.Labels, Tag("rows", one.Rows)), 0, one.Size));

    private static IEnumerable<Sample> Predictions(ServingSnapshot snapshot)
    {
        foreach (var lane in snapshot.Lanes)
        {
            if (lane.Predictions is not { } predictions) continue;
            foreach (var named in predictions.Classes)
            {
                var index = Tag("class", named.Index.ToString(CultureInfo.InvariantCulture));
                yield return new Sample(named.Name.Length == 0 ? Tags(lane.Labels, index) : Tags(lane.Labels, index, Tag("class_name", CallerText.Clip(named.Name))), named.Rows);
            }
            yield return new Sample(Tags(lane.Labels, Tag("class", "other")), predictions.Other);
            yield return new Sample(Tags(lane.Labels, Tag("class", "nan")), predictions.NotNumbers);
        }
    }

    private static IEnumerable<Sample> Confidence(ServingSnapshot snapshot) =>
        from lane in snapshot.Lanes
        let confidence = lane.Predictions?.Confidence
        where confidence is not null
        select new Sample(Tags(lane.Labels), 0, confidence);

    /// <summary>No more versions than lanes are told apart; the rest count together.</summary>
    private static IEnumerable<Sample> States(ServingSnapshot snapshot)
    {
        var versions = snapshot.Table.Models.Values.OrderBy(static model => model.Name, StringComparer.Ordinal)
            .SelectMany(static model => model.Versions.Select(version => (model.Name, Version: version))).ToArray();
        foreach (var (model, version) in versions.Take(StatisticsRegistry.MaxLanes))
            foreach (var state in ReasonLabels.States) yield return State(model, version.Version.ToString(CultureInfo.InvariantCulture), state, ReasonLabels.Of(version) == state ? 1 : 0);
        if (versions.Length <= StatisticsRegistry.MaxLanes) yield break;
        foreach (var state in ReasonLabels.States) yield return State(LaneLabels.Other, LaneLabels.Other, state, versions.Skip(StatisticsRegistry.MaxLanes).Count(version => ReasonLabels.Of(version.Version) == state));
    }

    private static Sample State(string model, string version, string state, int count) =>
        new([Tag("model", model), Tag("version", version), Tag("state", state)], count);

    private static KeyValuePair<string, object?>[] Tags(LaneLabels labels, params ReadOnlySpan<KeyValuePair<string, object?>> more) => [.. labels.Tags, .. more];

    private static KeyValuePair<string, object?> Tag(string key, string value) => KeyValuePair.Create(key, (object?)value);
}
