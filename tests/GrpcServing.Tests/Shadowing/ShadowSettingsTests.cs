using GrpcServing.Endpoints;
using GrpcServing.Models;
using GrpcServing.Shadowing;
using GrpcServing.Tests.Models;
using Proto = GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Tests.Shadowing;

public sealed class ShadowSettingsTests
{
    private static readonly GraphSpec Graph = new()
    {
        Inputs = [new GraphTensor("x", TensorDataType.Fp32, [-1, 1], ["batch", ""])],
        Outputs = [new GraphTensor("y", TensorDataType.Fp32, [-1, 1], ["batch", ""])],
        RowsAreIndependent = true,
    };

    private const string Everything = """
        { "shadow": {
            "candidate": 2, "primary": 1, "fraction": 0.25, "filters": { "tier": "gold" }, "sliceParameter": "country", "controlFraction": 0.1,
            "disagreementBudget": 0.02, "errorBudget": 0.003, "maxExecutionRatio": 1.5, "alpha": 0.01, "minPairs": 1000, "minDuration": "01:00:00",
            "expiresAfter": "7.00:00:00", "maxQueueRequests": 64, "maxQueueBytes": 1000000, "maxAge": "00:00:05",
            "comparators": { "y": { "kind": "regression", "absoluteTolerance": 0.5, "relativeTolerance": 0.1, "topK": 3, "maxCosineDistance": 0.2 }, "z": { "ignore": true } },
            "maxDisagreements": 10, "maxCaptureBytes": 5000000 } }
        """;

    [Fact]
    public void ModelJson_EveryKey_IsRead()
    {
        using var directory = new ModelDirectory(json: Everything);

        var shadow = directory.Read(Graph).Shadow!;

        Assert.Equal((2, 1, 0.25, "country", 0.1, 0.02, 0.003, 1.5, 0.01, 1000), (shadow.Candidate, shadow.Primary, shadow.Fraction, shadow.SliceParameter, shadow.ControlFraction, shadow.DisagreementBudget, shadow.ErrorBudget, shadow.MaxExecutionRatio, shadow.Alpha, shadow.MinPairs));
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromDays(7), TimeSpan.FromSeconds(5)), (shadow.MinDuration, shadow.ExpiresAfter, shadow.MaxAge));
        Assert.Equal((64, 1_000_000, 10, 5_000_000), (shadow.MaxQueueRequests, shadow.MaxQueueBytes, shadow.MaxDisagreements, shadow.MaxCaptureBytes));
        Assert.Equal("gold", shadow.Filters["tier"]);
        Assert.Equal((OutputKind.Regression, 0.5, 0.1, 3, 0.2), (shadow.Comparators["y"].Kind, shadow.Comparators["y"].AbsoluteTolerance, shadow.Comparators["y"].RelativeTolerance, shadow.Comparators["y"].TopK, shadow.Comparators["y"].CosineTolerance));
        Assert.Equal(OutputKind.Ignored, shadow.Comparators["z"].Kind);
    }

    [Fact]
    public void ModelJson_CandidateAlone_TakesTheDefaults()
    {
        using var directory = new ModelDirectory(json: """{ "shadow": { "candidate": 2 } }""");

        Assert.Equal(new ShadowSettings { Candidate = 2 } with { Comparators = directory.Read(Graph).Shadow!.Comparators, Filters = directory.Read(Graph).Shadow!.Filters }, directory.Read(Graph).Shadow);
    }

    [Fact]
    public void ModelJson_Mistakes_AreAllNamed()
    {
        using var directory = new ModelDirectory(json: """
            { "shadow": { "primary": -1, "fraction": 1.5, "fractoin": 1, "alpha": 0.6, "minPairs": 0, "maxAge": "2s", "maxExecutionRatio": 0.1,
                "filters": { "tier": 7 }, "comparators": { "y": { "kind": "cosine", "topk": 5 } } } }
            """);

        var errors = directory.ErrorsOfLayout();

        foreach (var expected in new[]
        {
            "model.json: shadow.candidate is missing: name the version that gets a copy of the traffic",
            "model.json: shadow.primary (-1) must be a whole number, 0..9223372036854775807",
            "model.json: shadow.fraction (1.5) must be a number, 0.0..1.0",
            "model.json: shadow.fractoin is not a key of this file (did you mean 'fraction'?)",
            "model.json: shadow.alpha (0.6) must be a number, 0.000000001..0.5",
            "model.json: shadow.minPairs (0) must be a whole number, 1..9223372036854775807",
            "model.json: shadow.maxExecutionRatio (0.1) must be 0, or more than 0.25 and at most 3.9",
            "model.json: shadow.filters.tier (7) must be a string: the parameter's value as text",
            "model.json: shadow.comparators.y.kind (\"cosine\") must be class_scores, labels, regression, embedding, ranking, text or exact",
        })
            Assert.Contains(errors, error => error.StartsWith(expected, StringComparison.Ordinal));
        Assert.Contains(errors, static error => error.StartsWith("model.json: shadow.maxAge (\"2s\") must be a string like", StringComparison.Ordinal));
        Assert.Contains(errors, static error => error.StartsWith("model.json: shadow.comparators.y.topk is not a key", StringComparison.Ordinal));
    }

    [Fact]
    public void Message_ThereAndBack_IsTheSame()
    {
        using var directory = new ModelDirectory(json: Everything);
        var settings = directory.Read(Graph).Shadow!;
        var errors = new List<string>();

        var back = ShadowSettingsMessage.Read(ShadowSettingsMessage.Create(settings), errors);

        Assert.Empty(errors);
        Assert.Equal(settings.Filters, back.Filters);
        Assert.Equal(settings.Comparators, back.Comparators);
        Assert.Equal(settings, back with { Filters = settings.Filters, Comparators = settings.Comparators });
    }

    [Fact]
    public void Message_WithNothingSet_TakesTheDefaults()
    {
        var errors = new List<string>();

        var settings = ShadowSettingsMessage.Read(new Proto.ShadowSettings { Candidate = 2 }, errors);

        Assert.Empty(errors);
        Assert.Equal(new ShadowSettings { Candidate = 2 } with { Filters = settings.Filters, Comparators = settings.Comparators }, settings);
    }

    [Fact]
    public void Defaults_AreWithinTheirRanges() => Assert.Empty(ShadowLimits.Failures(new ShadowSettings { Candidate = 1 }, static key => key));

    /// <summary>What passes here must not be refused later by the rooms that act on it.</summary>
    [Fact]
    public void Limits_AreNoWiderThanThoseOfTheVerdict()
    {
        foreach (var settings in new[]
        {
            new ShadowSettings { Candidate = 1, Alpha = ShadowLimits.LeastAlpha, DisagreementBudget = ShadowLimits.LeastRate, ErrorBudget = ShadowLimits.LeastRate, MaxExecutionRatio = 0, MinPairs = 1, ControlFraction = 0, MinDuration = TimeSpan.Zero },
            new ShadowSettings { Candidate = 1, Alpha = ShadowLimits.MostRate, DisagreementBudget = ShadowLimits.MostRate, ErrorBudget = ShadowLimits.MostRate, MaxExecutionRatio = ShadowLimits.MostExecutionRatio, ControlFraction = 1, MinDuration = ShadowLimits.LongestDuration },
        })
        {
            Assert.Empty(ShadowLimits.Failures(settings, static key => key));
            Assert.Empty(settings.ToVerdictOptions().Failures());
        }
        Assert.Empty(new ComparatorOptions { TopK = ShadowLimits.MostTopK, CosineTolerance = 2, AbsoluteTolerance = 0 }.Failures());
    }
}
