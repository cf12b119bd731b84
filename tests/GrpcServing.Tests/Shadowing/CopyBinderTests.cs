using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class CopyBinderTests : IDisposable
{
    private static readonly TensorSpec A = Tensor("a", TensorDataType.Fp32, 4);
    private static readonly TensorSpec B = Tensor("b", TensorDataType.Int64, -1);
    private static readonly TensorSpec Y = Tensor("y", TensorDataType.Fp32, 1);
    private static readonly TensorSpec Z = Tensor("z", TensorDataType.Fp32, 1);

    private readonly TensorPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void TryBind_InputsInAnotherOrder_FollowsTheNames()
    {
        var bound = Bind(Spec([A, B], [Y]), Spec([B, A], [Y]), Request(Spec([A, B], [Y]), rows: 2, [4], [3]), out var reason);

        Assert.Null(reason);
        Assert.Equal([new InputSlice(32, 48), new InputSlice(0, 32)], bound!.Inputs);
        Assert.Equal(2, bound.Rows);
        Assert.Equal([[3], [4]], bound.Bucket.RowDims);
        Assert.Empty(bound.Outputs);
    }

    [Fact]
    public void TryBind_Outputs_FollowTheNames()
    {
        var primary = Spec([A], [Y, Z]);

        Assert.Equal([new RequestedOutput(1, 0), new RequestedOutput(0, 0)], Bind(primary, Spec([A], [Z, Y]), Request(primary, 1, [4]), out _)!.Outputs);
        // Everything that the candidate has.
        Assert.Empty(Bind(primary, Spec([A], [Z]), Request(primary, 1, [4]), out _)!.Outputs);
        Assert.Equal([new RequestedOutput(0, 0)], Bind(primary, Spec([A], [Z, Y]), Request(primary, 1, [4]) is var all ? Asking(all, 1) : null!, out _)!.Outputs);
        // Nothing of it is there: everything that is there comes back, and the comparison says what is missing.
        Assert.Empty(Bind(primary, Spec([A], [Tensor("other", TensorDataType.Fp32, 1)]), Request(primary, 1, [4]), out _)!.Outputs);
    }

    [Theory]
    [InlineData(5, "input 'a' has shape [5,4]; the candidate takes 1 to 4 rows")]
    [InlineData(4, null)]
    public void TryBind_MoreRowsThanTheCandidateTakes_IsRefused(int rows, string? expected)
    {
        var primary = Spec([A], [Y], maxBatchSize: 8);

        var bound = Bind(primary, Spec([A], [Y], maxBatchSize: 4), Request(primary, rows, [4]), out var reason);

        Assert.Equal(expected, reason);
        Assert.Equal(expected is null, bound is not null);
    }

    [Fact]
    public void TryBind_AnotherRowShape_IsRefusedByShape()
    {
        var primary = Spec([Tensor("a", TensorDataType.Fp32, -1)], [Y]);
        var candidate = Spec([A], [Y]);

        Assert.NotNull(Bind(primary, candidate, Request(primary, 1, [4]), out _));
        Assert.Null(Bind(primary, candidate, Request(primary, 1, [5]), out var reason));
        Assert.Equal("input 'a' has shape [1,5]; the candidate takes rows of [4]", reason);
    }

    [Fact]
    public void TryBind_CandidateWithoutABatchAxis_TakesTheWholeShape()
    {
        var primary = Spec([A], [Y]);
        var candidate = Spec([Tensor("a", TensorDataType.Fp32, 1, 4)], [Y], maxBatchSize: 0);

        var bound = Bind(primary, candidate, Request(primary, 1, [4]), out _);

        Assert.Equal([[1, 4]], bound!.Bucket.RowDims);
        Assert.Null(Bind(primary, candidate, Request(primary, 2, [4]), out var reason));
        Assert.Contains("[2,4]", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Mismatch_OfNamesAndDatatypes_IsSaidOnce()
    {
        Assert.Equal("the candidate has no input 'b'", Mismatch(Spec([A, B], [Y]), Spec([A], [Y])));
        Assert.Equal("the candidate needs an input 'b' that the primary does not have", Mismatch(Spec([A], [Y]), Spec([A, B], [Y])));
        Assert.Equal("input 'a' is FP32 for the primary and INT64 for the candidate", Mismatch(Spec([A], [Y]), Spec([Tensor("a", TensorDataType.Int64, 4)], [Y])));
        Assert.Null(Mismatch(Spec([A], [Y]), Spec([A], [Z])));
    }

    private static string? Mismatch(ModelSpec primary, ModelSpec candidate) => new CopyBinder(primary, candidate, new ShapeTable(candidate)).Mismatch;

    private static DecodedRequest? Bind(ModelSpec primary, ModelSpec candidate, DecodedRequest request, out string? reason)
    {
        var binder = new CopyBinder(primary, candidate, new ShapeTable(candidate));
        var bound = binder.TryBind(request, out reason);
        // What it remembers gives the same answer.
        Assert.Equal(bound?.Bucket.RowDims, binder.TryBind(request, out var again)?.Bucket.RowDims);
        Assert.Equal(reason, again);
        request.Release();
        return bound;
    }

    private DecodedRequest Request(ModelSpec spec, int rows, params long[][] rowDims)
    {
        var offset = 0;
        var inputs = new InputSlice[rowDims.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = new InputSlice(offset, rows * (int)rowDims[i].Aggregate(1L, static (product, dim) => product * dim) * spec.Inputs[i].DataType.ElementSize());
            offset += inputs[i].Length;
        }
        return new DecodedRequest { Id = "", Body = _pool.Rent(offset), Inputs = inputs, Bucket = new ShapeTable(spec).Get(rowDims), Rows = rows };
    }

    private static DecodedRequest Asking(DecodedRequest request, int output) => new()
    {
        Id = request.Id, Body = request.Body, Inputs = request.Inputs, Bucket = request.Bucket, Rows = request.Rows, Outputs = [new RequestedOutput(output, 3)],
    };

    private static ModelSpec Spec(TensorSpec[] inputs, TensorSpec[] outputs, int maxBatchSize = 8) =>
        new() { Name = "m", Version = 1, Inputs = [.. inputs], Outputs = [.. outputs], MaxBatchSize = maxBatchSize };

    private static TensorSpec Tensor(string name, TensorDataType type, params long[] dims) => new() { Name = name, DataType = type, Dims = [.. dims], GraphDims = [.. dims] };
}
