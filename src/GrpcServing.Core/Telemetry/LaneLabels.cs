using System.Collections.Immutable;
using System.Globalization;

namespace GrpcServing.Telemetry;

/// <summary>What tells a lane's numbers from those of others.</summary>
public sealed class LaneLabels(string model, string version, string lane)
{
    /// <summary>The lane that answers.</summary>
    public const string Primary = "primary";

    /// <summary>A lane of copies, a control's included.</summary>
    public const string Shadow = "shadow";

    /// <summary>Stands for everything beyond the bound on how many are told apart.</summary>
    public const string Other = "_other";

    public LaneLabels(string model, long version, string lane)
        : this(model, version.ToString(CultureInfo.InvariantCulture), lane)
    {
    }

    public string Model { get; } = model;

    public string Version { get; } = version;

    public string Lane { get; } = lane;

    public ImmutableArray<KeyValuePair<string, object?>> Tags { get; } = [KeyValuePair.Create("model", (object?)model), KeyValuePair.Create("version", (object?)version), KeyValuePair.Create("lane", (object?)lane)];

    public override string ToString() => $"{Model}/{Version}/{Lane}";
}
