using System.Buffers;

namespace GrpcServing.Microbenchmarks.Decoding;

/// <summary>Bytes of a request to a request that fits its model. A derived class names the message.</summary>
public abstract class DecodingBenchmark : PathBenchmark
{
    private protected abstract int Elements { get; }

    private protected virtual ReadOnlySequence<byte> Message() => Messages.Raw(Elements);

    private protected override MeasuredPath Create() => new DecodePath(Specs.Dense(Elements, 10), Message());
}

public class Decoding256B : DecodingBenchmark
{
    private protected override int Elements => 64;
}

public class Decoding256BTyped : DecodingBenchmark
{
    private protected override int Elements => 64;

    private protected override ReadOnlySequence<byte> Message() => Messages.Typed(Elements);
}

public class Decoding150KB : DecodingBenchmark
{
    private protected override int Elements => 3 * 224 * 224 / 4;
}

public class Decoding4MB : DecodingBenchmark
{
    private protected override int Elements => 1 << 20;
}
