using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>Whole pairs: outputs matched by name, faults reported, rows counted once.</summary>
public sealed class PairComparerTests
{
    private static readonly TensorSpec Label = TestAnswer.Output("label", TensorDataType.Int64, 1);
    private static readonly TensorSpec Scores = TestAnswer.Output("probabilities", TensorDataType.Fp32, 3);
    private static readonly ModelSpec Model = TestAnswer.Model(Label, Scores);
    private static readonly ModelSpec Turned = TestAnswer.Model(Scores, Label);

    [Fact]
    public void Compare_SameAnswer_Agrees()
    {
        var answer = Answer([1, 2], [.1f, .8f, .1f, 0, .2f, .8f]);

        var comparison = new PairComparer(Model, Model, new()).Compare(answer.View, answer.View, 2);

        Assert.False(comparison.Disagrees);
        Assert.Equal((2, 0, CandidateFaults.None), (comparison.Rows, comparison.RowsDisagreeing, comparison.Faults));
        Assert.Equal([1, 2], comparison.PrimaryClasses.ToArray());
        Assert.Equal([1, 2], comparison.CandidateClasses.ToArray());
        Assert.Equal((0, 1.0), (comparison.Outputs[1].Flips, comparison.Outputs[1].TopKOverlap.Mean));
    }

    [Fact]
    public void Compare_OneRowOfTwoOutputsDiffers_CountsThatRowOnce()
    {
        var primary = Answer([1, 2], [.1f, .8f, .1f, 0, .2f, .8f]);
        var candidate = Answer([1, 0], [.1f, .8f, .1f, .9f, .05f, .05f]);

        var comparison = new PairComparer(Model, Model, new()).Compare(primary.View, candidate.View, 2);

        Assert.True(comparison.Disagrees);
        Assert.Equal(1, comparison.RowsDisagreeing);
        Assert.Equal([false, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal([1, 1], new[] { comparison.Outputs[0].RowsDisagreeing, comparison.Outputs[1].RowsDisagreeing });
        Assert.Equal(0, comparison.ClassOutput);
        Assert.Equal([1, 0], comparison.CandidateClasses.ToArray());
    }

    [Fact]
    public void Compare_CandidateListsItsOutputsOtherwise_MatchesThemByName()
    {
        var primary = Answer([1], [.1f, .8f, .1f]);
        var candidate = new TestAnswer().With(0, [1, 3], .2f, .7f, .1f).With(1, [1, 1], 1L);
        var comparer = new PairComparer(Model, Turned, new());

        var comparison = comparer.Compare(primary.View, candidate.View, 1);

        Assert.False(comparison.Disagrees);
        Assert.Equal([1, 0], new[] { comparer.CandidateOutput(0), comparer.CandidateOutput(1) });
        Assert.Equal(.1, comparison.Outputs[1].ProbabilityDifference.Most, 1e-6);
    }

    [Fact]
    public void Compare_RequestAskedForOneOutput_ComparesThatOne()
    {
        var primary = new TestAnswer().With(1, [1, 3], .1f, .8f, .1f);
        var candidate = new TestAnswer().With(1, [1, 3], .8f, .1f, .1f);

        var comparison = new PairComparer(Model, Model, new()).Compare(primary.View, candidate.View, 1);

        Assert.Equal(0, comparison.Outputs[0].Rows);
        Assert.Equal(1, comparison.Outputs[1].Flips);
        Assert.Equal((1, 1, 0), (comparison.ClassOutput, comparison.PrimaryClasses[0], comparison.CandidateClasses[0]));
    }

    [Fact]
    public void Compare_CandidateModelLacksTheOutput_IsAFault()
    {
        var candidate = new TestAnswer().With(0, [2, 1], 1L, 2L);

        var comparison = new PairComparer(Model, TestAnswer.Model(Label), new()).Compare(Answer([1, 2], [.1f, .8f, .1f, 0, .2f, .8f]).View, candidate.View, 2);

        Assert.Equal((CandidateFaults.MissingOutput, 2), (comparison.Faults, comparison.RowsDisagreeing));
        Assert.Equal((CandidateFaults.MissingOutput, 2L), (comparison.Outputs[1].Faults, comparison.Outputs[1].RowsDisagreeing));
        Assert.Equal(0, comparison.Outputs[0].RowsDisagreeing);
    }

    [Fact]
    public void Compare_CandidateAnswerLacksTheOutput_IsAFault()
    {
        var comparison = new PairComparer(Model, Model, new()).Compare(Answer([1], [.1f, .8f, .1f]).View, new TestAnswer().View, 1);

        Assert.Equal(CandidateFaults.MissingOutput, comparison.Faults);
        Assert.Equal(-1, comparison.ClassOutput);
    }

    [Fact]
    public void Compare_OtherDataType_IsAFault()
    {
        var candidate = new TestAnswer().With(0, [1, 1], 1).With(1, [1, 3], .1f, .8f, .1f);
        var model = TestAnswer.Model(Label with { DataType = TensorDataType.Int32 }, Scores);

        Assert.Equal(CandidateFaults.DataType, new PairComparer(Model, model, new()).Compare(Answer([1], [.1f, .8f, .1f]).View, candidate.View, 1).Faults);
    }

    public static TheoryData<long[], int> OtherShapes => new() { { [1, 4], 4 }, { [3, 1], 3 }, { [3], 3 }, { [2, 3], 6 }, { [1, 3], 2 }, { [0, 3], 0 } };

    [Theory]
    [MemberData(nameof(OtherShapes))]
    public void Compare_OtherShapeOrTooFewBytes_IsAFault(long[] shape, int elements)
    {
        var candidate = new TestAnswer().With(0, [1, 1], 1L).With(1, shape, new float[elements]);

        var comparison = new PairComparer(Model, Model, new()).Compare(Answer([1], [.1f, .8f, .1f]).View, candidate.View, 1);

        Assert.Equal((CandidateFaults.Shape, 1), (comparison.Faults, comparison.RowsDisagreeing));
    }

    [Fact]
    public void Compare_BytesThatEndEarly_IsAFault()
    {
        var model = TestAnswer.Model(TestAnswer.Output("text", TensorDataType.Bytes, 1));
        var comparer = new PairComparer(model, model, new());
        foreach (var raw in new byte[][] { [], [1, 0], [9, 0, 0, 0, 65], [255, 255, 255, 255], [1, 0, 0, 0, 65, 66] })
            Assert.Equal(CandidateFaults.Shape, comparer.Compare(TestAnswer.OfText([1, 1], "A").View, new TestAnswer().With(0, [1, 1], raw.AsSpan()).View, 1).Faults);
    }

    [Fact]
    public void Compare_NaNWhereThePrimaryHasNone_IsAFaultOfThatRow()
    {
        var comparison = new PairComparer(Model, Model, new()).Compare(Answer([1, 2], [.1f, .8f, .1f, 0, .2f, .8f]).View, Answer([1, 2], [.1f, .8f, .1f, 0, .2f, float.NaN]).View, 2);

        Assert.Equal(CandidateFaults.NonFinite, comparison.Faults);
        Assert.Equal([false, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal(1, comparison.Outputs[1].TopKOverlap.Count);
    }

    [Fact]
    public void Compare_NaNOnBothSides_AgreesAndIsNoFault()
    {
        var answer = Answer([1], [float.NaN, float.PositiveInfinity, 1]);

        var comparison = new PairComparer(Model, Model, new()).Compare(answer.View, answer.View, 1);

        Assert.Equal((false, CandidateFaults.None), (comparison.Disagrees, comparison.Faults));
    }

    [Fact]
    public void Compare_NaNOfThePrimaryOnly_DisagreesAndIsNoFault()
    {
        var comparison = new PairComparer(Model, Model, new()).Compare(Answer([1], [float.NaN, 0, 1]).View, Answer([1], [.5f, 0, .5f]).View, 1);

        Assert.Equal((true, CandidateFaults.None), (comparison.Disagrees, comparison.Faults));
    }

    [Fact]
    public void CandidateFailed_EveryRow_DisagreesAndTheNextPairIsFresh()
    {
        var comparer = new PairComparer(Model, Model, new());
        var answer = Answer([1], [.1f, .8f, .1f]);

        var failed = comparer.CandidateFailed(3);
        Assert.Equal((3, 3, CandidateFaults.ErrorStatus), (failed.Rows, failed.RowsDisagreeing, failed.Faults));

        var next = comparer.Compare(answer.View, answer.View, 1);
        Assert.Equal((1, 0, CandidateFaults.None), (next.Rows, next.RowsDisagreeing, next.Faults));
    }

    [Fact]
    public void Compare_NoElements_Agrees()
    {
        var model = TestAnswer.Model(TestAnswer.Output("boxes", TensorDataType.Fp32, -1, 4));
        var answer = new TestAnswer().With<float>(0, [1, 0, 4]);

        Assert.False(new PairComparer(model, model, new()).Compare(answer.View, answer.View, 1).Disagrees);
    }

    [Fact]
    public void ClassName_OfALabelledOutput_IsItsLabel()
    {
        var model = TestAnswer.Model(Scores with { Labels = ["cat", "dog"] });
        var comparer = new PairComparer(model, model, new());

        Assert.Equal(["dog", "2", "none"], new[] { comparer.ClassName(0, 1), comparer.ClassName(0, 2), comparer.ClassName(0, PairComparison.NoClass) });
    }

    [Fact]
    public void ClassName_OfTextLabels_IsTheText()
    {
        var model = TestAnswer.Model(TestAnswer.Output("species", TensorDataType.Bytes, 1));
        var comparer = new PairComparer(model, model, new());

        var comparison = comparer.Compare(TestAnswer.OfText([3, 1], "cat", "dog", "cat").View, TestAnswer.OfText([3, 1], "cat", "hörnchen", "dog").View, 3);

        Assert.Equal([false, true, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal(["cat", "dog", "cat"], comparison.PrimaryClasses.ToArray().Select(number => comparer.ClassName(0, number)));
        Assert.Equal(["cat", "hörnchen", "dog"], comparison.CandidateClasses.ToArray().Select(number => comparer.ClassName(0, number)));
    }

    [Fact]
    public void Compare_TextLabelsWithoutEndOrPlace_HaveNoClass()
    {
        var model = TestAnswer.Model(TestAnswer.Output("species", TensorDataType.Bytes, 1));
        var comparer = new PairComparer(model, model, new());
        for (var i = 0; i < ClassNames.MaxNames; i++) comparer.Compare(TestAnswer.OfText([1, 1], $"{i}").View, TestAnswer.OfText([1, 1], $"{i}").View, 1);

        foreach (var text in new[] { "one more", new string('x', ClassNames.MaxBytes + 1) })
            Assert.Equal(PairComparison.NoClass, comparer.Compare(TestAnswer.OfText([1, 1], text).View, TestAnswer.OfText([1, 1], text).View, 1).PrimaryClasses[0]);
        Assert.Equal(7, comparer.Compare(TestAnswer.OfText([1, 1], "7").View, TestAnswer.OfText([1, 1], "7").View, 1).PrimaryClasses[0]);
    }

    [Fact]
    public void Failures_OfOptionsThatDoNotFit_NameTheOutput()
    {
        var options = new ComparatorOptions
        {
            TopK = 0,
            Outputs = System.Collections.Immutable.ImmutableDictionary<string, ComparatorOptions>.Empty
                .Add("label", new() { Kind = OutputKind.Text }).Add("lable", new() { CosineTolerance = 3 }),
        };

        Assert.Equal(
        [
            "TopK (0) must be 1..100", "Outputs.lable.CosineTolerance (3) must be 0..2", "Outputs.lable must name an output of m: label, probabilities",
            "Outputs.label.Kind (Text) must be other than Text for a INT64 output",
        ], options.Failures(Model).Order(StringComparer.Ordinal).OrderBy(static failure => failure.StartsWith("TopK", StringComparison.Ordinal) ? 0 : failure.Contains("lable.", StringComparison.Ordinal) ? 1 : failure.Contains("lable", StringComparison.Ordinal) ? 2 : 3));
        Assert.Throws<ArgumentException>(() => new PairComparer(Model, Model, options));
        Assert.Empty(new ComparatorOptions().Failures(Model));
    }

    /// <summary>The law that a replay relies on: a comparison depends on its pair alone.</summary>
    [Fact]
    public void Compare_AfterOtherPairs_GivesWhatAFreshComparerGives()
    {
        var random = new Random(4);
        var used = new PairComparer(Model, Model, new());
        for (var i = 0; i < 200; i++)
        {
            var rows = random.Next(1, 5);
            var (primary, candidate) = (Random(random, rows), Random(random, rows));

            var one = used.Compare(primary.View, candidate.View, rows);
            var other = new PairComparer(Model, Model, new()).Compare(primary.View, candidate.View, rows);

            Assert.Equal(other.DisagreeingRows.ToArray(), one.DisagreeingRows.ToArray());
            Assert.Equal(other.Outputs[1].JensenShannon, one.Outputs[1].JensenShannon);
            Assert.Equal(other.CandidateClasses.ToArray(), one.CandidateClasses.ToArray());
        }
    }

    private static TestAnswer Random(Random random, int rows) =>
        Answer([.. Enumerable.Range(0, rows).Select(_ => random.NextInt64(3))], [.. Enumerable.Range(0, 3 * rows).Select(_ => random.NextSingle())]);

    private static TestAnswer Answer(long[] labels, float[] scores) => new TestAnswer().With(0, [labels.Length, 1], labels).With(1, [labels.Length, 3], scores);
}
