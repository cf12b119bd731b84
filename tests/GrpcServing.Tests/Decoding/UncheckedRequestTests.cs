using CsCheck;
using GrpcServing.Decoding;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Decoding;

public sealed class UncheckedRequestTests : IDisposable
{
    private readonly TensorPool _pool = new();

    public void Dispose()
    {
        Assert.Equal(_pool.Rented, _pool.Returned);
        _pool.Dispose();
    }

    /// <summary>Law: a body that grew holds what was written, in order.</summary>
    [Fact]
    public void TryExtend_ManyParts_KeepsThem() =>
        Gen.Byte.Array[0, 700].Array[0, 20].Sample(parts =>
        {
            var request = UncheckedRequest.Rent(_pool);
            foreach (var part in parts)
            {
                Assert.True(request.TryExtend(part.Length, out var region));
                part.CopyTo(region);
            }

            byte[] whole = [.. parts.SelectMany(static part => part)];
            Assert.Equal(whole.Length, request.BodyLength);
            Assert.Equal(whole, request.Body is null ? [] : request.Body.Slice(0, request.BodyLength).ToArray());
            request.Release();
        });

    [Fact]
    public void TryExtend_BeyondAnyTensor_ChangesNothing()
    {
        var request = UncheckedRequest.Rent(_pool);
        Assert.True(request.TryExtend(10, out _));

        Assert.False(request.TryExtend(int.MaxValue, out _));

        Assert.Equal(10, request.BodyLength);
        request.Release();
    }

    [Fact]
    public void Rent_AfterRelease_IsEmpty()
    {
        var used = UncheckedRequest.Rent(_pool);
        used.ModelName = used.ModelVersion = used.Id = "x";
        used.AddInput().Contents = ContentsFields.Int;
        Assert.True(used.TryAddDimension(3));
        used.AddOutput().Name = "y";
        used.AddRawContents(new BodySlice(0, 0));
        UncheckedParameter.TryPut(used.Parameters, UncheckedParameter.From("p", 1L));
        used.Fail(ServingError.Invalid("no"));
        used.Release();

        var request = UncheckedRequest.Rent(_pool);

        Assert.Same(used, request);
        Assert.Equal(("", "", "", 0, 0, 0), (request.ModelName, request.ModelVersion, request.Id, request.InputCount, request.OutputCount, request.RawContentsCount));
        Assert.Empty(request.Parameters);
        Assert.True(request.Error.IsNone);
        Assert.Equal(ContentsFields.None, request.AddInput().Contents);
        Assert.Equal(0, request.Shape(request.Inputs[0]).Length);
        request.Release();
    }

    [Fact]
    public void TakeBody_Taken_IsTheCallersAlone()
    {
        var request = UncheckedRequest.Rent(_pool);
        Assert.True(request.TryExtend(3, out _));

        var body = request.TakeBody();
        request.Release();

        Assert.Equal(0, _pool.Returned);
        body.Release();
    }
}
