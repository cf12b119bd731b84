using GrpcServing.Models;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

/// <summary>Numbers outlive their lanes, and their number is bounded whatever is loaded.</summary>
public sealed class StatisticsRegistryTests
{
    private readonly StatisticsRegistry _registry = new(TimeProvider.System);

    [Fact]
    public void Close_OfALaneThatIsOpenedAgain_GoesOnCounting()
    {
        var before = Open("m", 1);
        before.RecordFailure(ErrorReason.QueueFull, 10);
        var after = Open("m", 1);
        before.RecordFailure(ErrorReason.QueueFull, 10);
        Assert.Equal(2, Failures("m", "1"));
        before.Close();
        after.RecordFailure(ErrorReason.QueueFull, 10);

        Assert.Equal(3, Failures("m", "1"));

        after.Close();
        Assert.Equal(3, Failures("m", "1"));
    }

    [Fact]
    public void Close_OfALaneThatAnsweredNobody_LeavesNothing()
    {
        Open("m", 1).Close();

        Assert.Empty(_registry.Snapshot());
    }

    [Fact]
    public void Open_TenThousandVersionsOneAfterTheOther_KeepsTheLastHundred()
    {
        for (var version = 1; version <= 10_000; version++)
        {
            var lane = Open("m", version);
            lane.RecordFailure(ErrorReason.Cancelled, 1);
            lane.Close();
        }

        Assert.Equal(Enumerable.Range(9_901, 100).Select(static version => $"{version}"), _registry.Snapshot().Select(static lane => lane.Labels.Version).Order(StringComparer.Ordinal).OrderBy(static version => version.Length));
    }

    [Fact]
    public void Open_TenThousandLanesAtOnce_TellsAThousandApartAndLosesNoCount()
    {
        for (var i = 0; i < 10_000; i++) Open($"m{i % 100}", i).RecordFailure(ErrorReason.Cancelled, 1);

        var lanes = _registry.Snapshot();

        Assert.Equal(StatisticsRegistry.MaxLanes + 1, lanes.Length);
        Assert.Equal(10_000, lanes.Sum(static lane => lane.Statistics.Failures[(int)ErrorReason.Cancelled]));
        Assert.Equal(9_000, Failures(LaneLabels.Other, LaneLabels.Other));
    }

    [Fact]
    public void Open_WhenFullOfEndedLanes_ForgetsTheOldest()
    {
        var open = Enumerable.Range(1, StatisticsRegistry.MaxLanes - 1).Select(version => Open("m", version)).ToArray();
        var ended = Open("ended", 1);
        ended.RecordFailure(ErrorReason.Cancelled, 1);
        ended.Close();

        Open("new", 1).RecordFailure(ErrorReason.Cancelled, 1);

        Assert.Equal(1, Failures("new", "1"));
        Assert.DoesNotContain(_registry.Snapshot(), static lane => lane.Labels.Model is "ended" or LaneLabels.Other);
        Assert.Equal(StatisticsRegistry.MaxLanes - 1, open.Length);
    }

    [Fact]
    public void Record_NamesOfAMillionModels_CountTogetherBeyondTheBound()
    {
        var turned = new TurnedAwayRequests();
        for (var i = 0; i < 100_000; i++) turned.Record($"m{i}", ErrorReason.VersionNotReady);

        var counts = turned.Snapshot();

        Assert.Equal(100_000, counts.Sum(static count => count.Requests));
        Assert.Equal(StatisticsRegistry.MaxLanes, counts.Count(static count => count.Model.Length > 0));
    }

    private long Failures(string model, string version) =>
        _registry.Snapshot().Where(lane => lane.Labels.Model == model && lane.Labels.Version == version).Sum(static lane => lane.Statistics.Failures.Sum());

    private VersionStatistics Open(string model, long version) => _registry.Open(new ModelSpec { Name = model, Version = version, Inputs = [], Outputs = [], MaxBatchSize = 8 }, LaneLabels.Primary);
}
