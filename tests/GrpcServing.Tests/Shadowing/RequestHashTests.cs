using CsCheck;
using GrpcServing.Execution;
using GrpcServing.Routing;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class RequestHashTests : IDisposable
{
    private static readonly HashPurpose[] Purposes = Enum.GetValues<HashPurpose>();
    private readonly TensorPool _pool = new();

    public void Dispose() => _pool.Dispose();

    /// <summary>Another value here means that replicas of two releases would decide differently.</summary>
    [Fact]
    public void Of_KnownRequests_IsWhatItAlwaysWas()
    {
        Assert.Equal(Of("digits", "17", [1, 2, 3]), Of("digits", "17", [4]));
        Assert.Equal((273552915UL, 1126324008UL), (Of("digits", "17", []) >> 32, Of("digits", "", [1, 2, 3]) >> 32));
    }

    [Fact]
    public void Of_EqualRequests_AreEqual_AndOthersAreNot() => Gen.Select(Gen.String, Gen.String, Gen.Byte.Array[0, 100]).Sample((model, id, contents) =>
    {
        Assert.Equal(Of(model, id, contents), Of(model, id, [.. contents]));
        Assert.NotEqual(Of(model, id, contents), Of(model + "x", id, contents));
        Assert.NotEqual(Of(model, id + "x", contents), Of(model, id + "y", contents));
        Assert.NotEqual(Of(model, "", [.. contents, 1]), Of(model, "", [.. contents, 2]));
    });

    [Fact]
    public void IsIn_OfALargerShare_HoldsTheSmaller() => Gen.Select(Gen.ULong, Gen.Double[0, 1], Gen.Double[0, 1]).Sample((hash, left, right) =>
    {
        foreach (var purpose in Purposes)
            if (RequestHash.IsIn(hash, Math.Min(left, right), purpose)) Assert.True(RequestHash.IsIn(hash, Math.Max(left, right), purpose));
    });

    [Fact]
    public void IsIn_OfNothingAndOfAll_IsNeverAndAlways() => Gen.ULong.Sample(static hash =>
    {
        Assert.False(RequestHash.IsIn(hash, 0, HashPurpose.Mirror));
        Assert.True(RequestHash.IsIn(hash, 1, HashPurpose.Mirror));
    });

    [Fact]
    public void IsIn_OverManyRequests_IsTheShare_AndIndependentByPurpose()
    {
        const int count = 20_000;
        var seed = RequestHash.SeedOf("digits");
        var hashes = Enumerable.Range(0, count).Select(i => Of(seed, $"{i}", [])).ToArray();
        foreach (var share in new[] { 0.05, 0.5, 0.9 })
        {
            var mirrored = hashes.Where(hash => RequestHash.IsIn(hash, share, HashPurpose.Mirror)).ToArray();
            Assert.InRange(mirrored.Length, (share * count) - 400, (share * count) + 400);
            var control = mirrored.Count(static hash => RequestHash.IsIn(hash, 0.3, HashPurpose.Control));
            Assert.InRange((double)control / mirrored.Length, 0.25, 0.35);
        }
    }

    private ulong Of(string model, string id, byte[] contents) => Of(RequestHash.SeedOf(model), id, contents);

    private ulong Of(long seed, string id, byte[] contents)
    {
        var body = _pool.Rent(contents.Length);
        contents.CopyTo(body.GetSpan());
        var request = new DecodedRequest { Id = id, Body = body, Inputs = [new InputSlice(0, contents.Length)], Bucket = new ShapeBucket(0, [[contents.Length]], [[contents.Length]]), Rows = 1 };
        var hash = RequestHash.Of(seed, request);
        request.Release();
        return hash;
    }
}
