using System.Buffers;
using CsCheck;
using Google.Protobuf;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Decoding;

/// <summary>Law: for any bytes, the reader and the generated parser both refuse, or both accept and understand the same.</summary>
public sealed class WireReaderAgreementTests : IDisposable
{
    private readonly TensorPool _pool = new();

    public void Dispose()
    {
        Assert.Equal(_pool.Rented, _pool.Returned);
        _pool.Dispose();
    }

    [Fact]
    public void Read_CanonicalMessage_Agrees() =>
        RequestGenerator.Request.Sample(request => Check(request.ToByteArray(), seed: 0), iter: 2_000);

    [Fact]
    public void Read_MessageOfAnotherEncoder_Agrees() =>
        Gen.Select(RequestGenerator.Request, Gen.Int).Sample(
            (request, seed) => Check(new WireScrambler(seed).Scramble(request.ToByteArray()), seed), iter: 2_000);

    [Fact]
    public void Read_MessageCutAtEveryByte_Agrees() =>
        Gen.Select(RequestGenerator.Request, Gen.Int).Sample(
            (request, seed) =>
            {
                var bytes = new WireScrambler(seed).Scramble(request.ToByteArray());
                for (var length = 0; length < bytes.Length; length++) Check(bytes[..length], seed);
            },
            iter: 30);

    [Fact]
    public void Read_BytesChanged_Agrees() =>
        Gen.Select(RequestGenerator.Request, Gen.Int, Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[1, 4]).Sample(
            (request, seed, changes) =>
            {
                var bytes = new WireScrambler(seed).Scramble(request.ToByteArray());
                if (bytes.Length == 0) return;
                foreach (var (at, value) in changes) bytes[at % bytes.Length] = value;
                Check(bytes, seed);
            },
            iter: 6_000);

    [Fact]
    public void Read_BytesInsertedOrRemoved_Agrees() =>
        Gen.Select(RequestGenerator.Request, Gen.Int, Gen.Int[0, int.MaxValue], Gen.Byte.Array[0, 12], Gen.Int[0, 3]).Sample(
            (request, seed, at, inserted, removed) =>
            {
                var bytes = new WireScrambler(seed).Scramble(request.ToByteArray());
                var start = at % (bytes.Length + 1);
                Check([.. bytes[..start], .. inserted, .. bytes[Math.Min(bytes.Length, start + removed)..]], seed);
            },
            iter: 6_000);

    [Fact]
    public void Read_AnyBytes_Agrees() => Gen.Select(Gen.Byte.Array[0, 60], Gen.Int).Sample(Check, iter: 20_000);

    private void Check(byte[] bytes, int seed)
    {
        Agreement.Check(bytes, new ReadOnlySequence<byte>(bytes), _pool);
        Agreement.Check(bytes, Segments.Random(bytes, seed), _pool);
    }
}
