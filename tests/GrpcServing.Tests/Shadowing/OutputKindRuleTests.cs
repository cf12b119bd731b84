using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class OutputKindRuleTests
{
    [Theory]
    [InlineData("label", TensorDataType.Int64, new long[] { 1 }, "Labels")]
    [InlineData("label", TensorDataType.Int64, new long[0], "Labels")]
    [InlineData("spam", TensorDataType.Bool, new long[0], "Labels")]
    [InlineData("ids", TensorDataType.Int32, new long[] { 10 }, "Exact")]
    [InlineData("label", TensorDataType.Bytes, new long[] { 1 }, "Labels")]
    [InlineData("tokens", TensorDataType.Bytes, new long[] { -1 }, "Text")]
    [InlineData("probability", TensorDataType.Fp32, new long[] { 1 }, "Regression")]
    [InlineData("price", TensorDataType.Fp64, new long[0], "Regression")]
    [InlineData("Class_Probabilities", TensorDataType.Fp32, new long[] { 10 }, "ClassScores")]
    [InlineData("logits", TensorDataType.Fp16, new long[] { -1, 30000 }, "ClassScores")]
    [InlineData("sentence_embedding", TensorDataType.Fp32, new long[] { 384 }, "Embedding")]
    [InlineData("output", TensorDataType.Fp32, new long[] { 384 }, "")]
    [InlineData("output", TensorDataType.Bf16, new long[] { -1 }, "")]
    public void Of_ASpec_IsWhatItsTypeShapeAndNameSay(string name, TensorDataType type, long[] dims, string kind) =>
        Assert.Equal(kind, OutputKindRule.Of(TestAnswer.Output(name, type, dims))?.ToString() ?? "");

    [Fact]
    public void Of_AnOutputWithLabels_IsClassScores() =>
        Assert.Equal(OutputKind.ClassScores, OutputKindRule.Of(TestAnswer.Output("output", TensorDataType.Fp32, 2) with { Labels = ["a", "b"] }));

    [Theory]
    [InlineData(new[] { .2f, .8f, .3f, .7f }, new[] { .3f, .7f, .4f, .6f }, "ClassScores", false)]
    [InlineData(new[] { .2f, .8f, .3f, .6f }, new[] { .3f, .7f, .4f, .6f }, "Regression", true)]
    [InlineData(new[] { -2f, 3, 0, 1 }, new[] { -2f, 3, 0, 1 }, "Regression", false)]
    public void Compare_OutputThatSaysNothing_IsJudgedByThePrimarysValues(float[] primary, float[] candidate, string kind, bool disagrees)
    {
        var model = TestAnswer.Model(TestAnswer.Output("output", TensorDataType.Fp32, 2));

        var comparison = new PairComparer(model, model, new()).Compare(TestAnswer.Of([2, 2], primary).View, TestAnswer.Of([2, 2], candidate).View, 2);

        Assert.Equal(kind, comparison.Outputs[0].Kind.ToString());
        Assert.Equal(disagrees, comparison.Disagrees);
    }
}
