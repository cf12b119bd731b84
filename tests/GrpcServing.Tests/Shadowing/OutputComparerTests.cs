using System.Collections.Immutable;
using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>Golden pairs of each kind of output; numbers by scipy where they are not plain.</summary>
public sealed class OutputComparerTests
{
    private static readonly ComparatorOptions BySpec = new();

    [Fact]
    public void ClassScores_OfProbabilities_HaveThePublishedDivergence()
    {
        var (comparison, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp64, [1, 5], [.10, .20, .30, .25, .15], [.12, .18, .25, .27, .18]);

        // Section 2 of the reference has the distance, its square root: .0627751985.
        Assert.Equal(.0627751985, Math.Sqrt(output.JensenShannon.Mean), 1e-9);
        Assert.Equal(.05, output.ProbabilityDifference.Most, 1e-12);
        Assert.Equal((1, 0, 2, 3), (output.Flips, output.TiedFlips, comparison.PrimaryClasses[0], comparison.CandidateClasses[0]));
    }

    [Fact]
    public void ClassScores_OfLogits_AreComparedAsProbabilities()
    {
        var (comparison, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp64, [1, 3], [2.0, 1, .1], [1.5, 1.6, .1]);

        Assert.Equal(.04506489603866864, output.JensenShannon.Mean, 1e-12);
        Assert.Equal(.23378910684552717, output.ProbabilityDifference.Mean, 1e-12);
        Assert.Equal([0, 1], new[] { comparison.PrimaryClasses[0], comparison.CandidateClasses[0] });
    }

    [Fact]
    public void ClassScores_LogitsThatWouldOverflow_HaveProbabilities()
    {
        var (_, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp32, [1, 2], [2000f, 0], [0f, 2000]);

        Assert.Equal(1, output.JensenShannon.Mean, 1e-9);
        Assert.Equal(1, output.ProbabilityDifference.Mean, 1e-9);
    }

    [Fact]
    public void ClassScores_ProbabilitiesAgainstLogits_AreComparedAsProbabilities()
    {
        var (comparison, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp64, [1, 2], [.2, .8], [0, Math.Log(4)]);

        Assert.False(comparison.Disagrees);
        Assert.Equal(0, output.ProbabilityDifference.Mean, 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ClassScores_FlipOfATie_IsCountedAsOneAndMayAgree(bool tiesAgree)
    {
        var options = new ComparatorOptions { Kind = OutputKind.ClassScores, TiesAgree = tiesAgree };

        var (comparison, output) = Compare(options, TensorDataType.Fp64, [2, 2], [.5002, .4998, .6, .4], [.4998, .5002, .4, .6]);

        Assert.Equal((2, 1), (output.Flips, output.TiedFlips));
        Assert.Equal(tiesAgree ? [false, true] : [true, true], comparison.DisagreeingRows.ToArray());
    }

    [Fact]
    public void ClassScores_TopK_OverlapsInWhatBothHave()
    {
        var options = new ComparatorOptions { Kind = OutputKind.ClassScores, TopK = 3 };

        var (comparison, output) = Compare(options, TensorDataType.Fp32, [1, 6], [9f, 8, 7, 3, 2, 1], [9f, 1, 7, 8, 2, 3]);

        Assert.False(comparison.Disagrees);
        Assert.Equal(2.0 / 3, output.TopKOverlap.Mean, 1e-12);
    }

    [Theory]
    [InlineData(.4, .6, 1)]
    [InlineData(.6, .9, 0)]
    [InlineData(-1.0, 2.0, 1)]
    public void ClassScores_OneNumberPerRow_IsTheSecondClass(double primary, double candidate, int flips)
    {
        var (comparison, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp64, [1, 1], [primary], [candidate]);

        Assert.Equal(flips, output.Flips);
        Assert.Equal(candidate >= .5 ? 1 : 0, comparison.CandidateClasses[0]);
        Assert.Equal(1, output.JensenShannon.Count);
    }

    [Fact]
    public void ClassScores_OneVectorPerToken_DisagreeWhenAnyFlips()
    {
        var (comparison, output) = Compare(OutputKind.ClassScores, TensorDataType.Fp32, [2, 2, 3], [1f, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1], [1f, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);

        Assert.Equal([true, false], comparison.DisagreeingRows.ToArray());
        Assert.Equal((1, 4, -1), (output.Flips, output.JensenShannon.Count, comparison.ClassOutput));
    }

    [Fact]
    public void Labels_OfNumbers_AreClasses()
    {
        var (comparison, output) = Compare(BySpec, TensorDataType.Int32, [3], [1, 7, -2], [1, 8, -2]);

        Assert.Equal(OutputKind.Labels, output.Kind);
        Assert.Equal([false, true, false], comparison.DisagreeingRows.ToArray());
        Assert.Equal([1, 7, PairComparison.NoClass], comparison.PrimaryClasses.ToArray());
        Assert.Equal(1, output.Flips);
    }

    [Fact]
    public void Labels_BeyondTheDigitsOfADouble_AreToldApart()
    {
        var (comparison, _) = Compare(BySpec, TensorDataType.Int64, [1], [(1L << 60) + 1], [1L << 60]);

        Assert.True(comparison.Disagrees);
    }

    [Fact]
    public void Regression_WithinItsTolerance_Agrees()
    {
        var (comparison, output) = Compare(OutputKind.Regression, TensorDataType.Fp64, [4, 1], [1000.0, 0, -5, 2], [1000.999, 9e-6, -5.006, 1]);

        Assert.Equal([false, false, true, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal((4, -1.0), (output.SignedDelta.Count, output.SignedDelta.Least));
        Assert.Equal(.999, output.SignedDelta.Most, 1e-9);
        Assert.Equal(.999 + 9e-6 - .006 - 1, output.SignedDelta.Sum, 1e-9);
    }

    [Fact]
    public void Embedding_ByAngle_IgnoresLength()
    {
        var (comparison, output) = Compare(OutputKind.Embedding, TensorDataType.Fp64, [4, 3], [1.0, 2, 3, 1, 2, 3, 0, 0, 0, 1, 0, 0], [2.0, 4, 6, 2, 2, 3, 0, 0, 0, 0, 0, 0]);

        Assert.Equal([false, true, false, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal(.027694414671753487 + 1, output.CosineDistance.Sum, 1e-12);
    }

    [Fact]
    public void Ranking_OfScores_HasScipysTau()
    {
        var (comparison, output) = Compare(OutputKind.Ranking, TensorDataType.Fp32, [1, 10], [9f, 8, 7, 7, 5, 4, 4, 4, 1, 0], [8f, 9, 7, 6, 6, 4, 5, 4, 0, 1]);

        Assert.Equal(.8573859148131737, output.KendallTau.Mean, 1e-12);
        Assert.Equal(1, output.RankingOverlap.Mean);
        Assert.False(comparison.Disagrees);
    }

    [Fact]
    public void Ranking_OfScores_TakesThePrimarysOrderAsGold()
    {
        var options = new ComparatorOptions { Kind = OutputKind.Ranking, RankingDepth = 3 };

        // Orders 3 1 4 0 2 and 1 3 0 4 2.
        var (comparison, output) = Compare(options, TensorDataType.Fp32, [1, 5], [2f, 4, 1, 5, 3], [3f, 5, 1, 4, 2]);

        Assert.Equal(.8174935137996165, output.Ndcg.Mean, 1e-12);
        Assert.Equal(2.0 / 3, output.RankingOverlap.Mean, 1e-12);
        Assert.True(comparison.Disagrees);
    }

    [Fact]
    public void Ranking_OfItems_ComparesWhatBothList()
    {
        var options = new ComparatorOptions { Kind = OutputKind.Ranking, RankingDepth = 4, RankingOverlap = .75 };

        var (comparison, output) = Compare(options, TensorDataType.Int64, [2, 4], [10L, 20, 30, 40, 1, 2, 3, 4], [10L, 20, 40, 99, 5, 6, 7, 8]);

        Assert.Equal([false, true], comparison.DisagreeingRows.ToArray());
        Assert.Equal((1, 1.0), (output.KendallTau.Count, output.KendallTau.Mean));
        Assert.Equal((.75, 0.0), (output.RankingOverlap.Most, output.RankingOverlap.Least));
    }

    [Fact]
    public void Ranking_ReversedAndTied_HasTheEndsOfTau()
    {
        Assert.Equal(-1, Compare(OutputKind.Ranking, TensorDataType.Fp32, [1, 4], [1f, 2, 3, 4], [4f, 3, 2, 1]).Output.KendallTau.Mean, 1e-12);
        Assert.Equal(0, Compare(OutputKind.Ranking, TensorDataType.Fp32, [1, 4], [1f, 1, 1, 1], [4f, 3, 2, 1]).Output.KendallTau.Count);
    }

    [Theory]
    [InlineData("kitten", "sitting", 3.0 / 7)]
    [InlineData("", "abc", 1)]
    [InlineData("same", "same", 0)]
    [InlineData("flaw", "lawn", .5)]
    [InlineData("aab", "ab", 1.0 / 3)]
    public void Text_OfStrings_HasTheirEditDistance(string primary, string candidate, double distance)
    {
        var model = TestAnswer.Model(TestAnswer.Output("text", TensorDataType.Bytes, 2));

        var comparison = new PairComparer(model, model, new()).Compare(TestAnswer.OfText([1, 2], "", primary).View, TestAnswer.OfText([1, 2], "", candidate).View, 1);

        Assert.Equal(distance, comparison.Outputs[0].EditDistance.Sum, 1e-12);
        Assert.Equal(2, comparison.Outputs[0].EditDistance.Count);
        Assert.Equal(distance > 0, comparison.Disagrees);
    }

    [Fact]
    public void Text_TooLongToWorkOut_CountsItsMiddleAsAllDifferent()
    {
        var scratch = new ComparisonScratch();
        byte[] one = [.. Enumerable.Repeat((byte)'a', 5000)];
        byte[] other = [.. one];
        for (var i = 1000; i < 4000; i += 10) other[i] = (byte)'b';

        Assert.Equal(2991 / 5000.0, TextComparer.Distance(one, other, scratch), 1e-12);
    }

    [Fact]
    public void Exact_AnyByte_Disagrees()
    {
        var (comparison, output) = Compare(BySpec, TensorDataType.Int16, [2, 2], new short[] { 1, 2, 3, 4 }, new short[] { 1, 2, 3, 5 });

        Assert.Equal(OutputKind.Exact, output.Kind);
        Assert.Equal([false, true], comparison.DisagreeingRows.ToArray());
    }

    [Fact]
    public void Ignored_WhateverItHolds_Agrees()
    {
        var (comparison, output) = Compare(OutputKind.Ignored, TensorDataType.Fp32, [1, 1], [1f], [float.NaN]);

        Assert.Equal((false, OutputKind.Ignored), (comparison.Disagrees, output.Kind));
    }

    [Fact]
    public void Regression_OfEveryNumericType_ReadsItsElements()
    {
        Check(TensorDataType.Fp64, 1.0, 3.0);
        Check(TensorDataType.Fp32, 1f, 3f);
        Check(TensorDataType.Fp16, (Half)1, (Half)3);
        // BF16 of 1 and 3.
        Check(TensorDataType.Bf16, (ushort)0x3F80, (ushort)0x4040);
        Check(TensorDataType.Int8, (sbyte)1, (sbyte)3);
        Check(TensorDataType.Int16, (short)1, (short)3);
        Check(TensorDataType.Int32, 1, 3);
        Check(TensorDataType.Int64, 1L, 3L);
        Check(TensorDataType.UInt8, (byte)1, (byte)3);
        Check(TensorDataType.UInt16, (ushort)1, (ushort)3);
        Check(TensorDataType.UInt32, 1u, 3u);
        Check(TensorDataType.UInt64, 1ul, 3ul);

        static void Check<T>(TensorDataType type, T one, T three) where T : unmanaged
        {
            var (comparison, output) = Compare(OutputKind.Regression, type, [2], [one, three], [one, one]);
            Assert.Equal([false, true], comparison.DisagreeingRows.ToArray());
            Assert.Equal(-2, output.SignedDelta.Sum, 1e-12);
        }
    }

    [Fact]
    public void Add_OfPairs_AddsUp()
    {
        var total = new OutputComparison();

        total.Add(Compare(OutputKind.Regression, TensorDataType.Fp32, [2], [1f, 2], [1f, 3]).Output);
        total.Add(Compare(OutputKind.Regression, TensorDataType.Fp32, [1], [1f], [-4f]).Output);

        Assert.Equal((3, 2, 3), (total.Rows, total.RowsDisagreeing, total.SignedDelta.Count));
        Assert.Equal((-5.0, 1.0), (total.SignedDelta.Least, total.SignedDelta.Most));
        Assert.True(double.IsNaN(total.KendallTau.Mean));
    }

    private static (PairComparison Comparison, OutputComparison Output) Compare<T>(OutputKind kind, TensorDataType type, long[] shape, T[] primary, T[] candidate) where T : unmanaged =>
        Compare(new ComparatorOptions { Kind = kind }, type, shape, primary, candidate);

    private static (PairComparison Comparison, OutputComparison Output) Compare<T>(ComparatorOptions options, TensorDataType type, long[] shape, T[] primary, T[] candidate) where T : unmanaged
    {
        var model = TestAnswer.Model(TestAnswer.Output("output", type, shape[1..]));
        var all = new ComparatorOptions { Outputs = ImmutableDictionary<string, ComparatorOptions>.Empty.Add("output", options) };
        var comparison = new PairComparer(model, model, all).Compare(TestAnswer.Of(shape, primary).View, TestAnswer.Of(shape, candidate).View, (int)shape[0]);
        return (comparison, comparison.Outputs[0]);
    }
}
