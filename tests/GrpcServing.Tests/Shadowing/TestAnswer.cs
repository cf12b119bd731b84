using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>The outputs of one answer, written tensor by tensor.</summary>
internal sealed class TestAnswer
{
    private readonly List<byte> _body = [];
    private readonly List<OutputSlice> _outputs = [];

    public AnswerView View => new(CollectionsMarshal.AsSpan(_body), CollectionsMarshal.AsSpan(_outputs));

    public static TestAnswer Of<T>(long[] shape, params T[] values) where T : unmanaged => new TestAnswer().With(0, shape, MemoryMarshal.AsBytes(values.AsSpan()));

    public static TestAnswer OfText(long[] shape, params string[] values)
    {
        var raw = new List<byte>();
        var length = new byte[4];
        foreach (var value in values)
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            raw.AddRange(length);
            raw.AddRange(bytes);
        }
        return new TestAnswer().With(0, shape, CollectionsMarshal.AsSpan(raw));
    }

    public TestAnswer With(int output, long[] shape, ReadOnlySpan<byte> raw)
    {
        _outputs.Add(new OutputSlice(output, _body.Count, raw.Length, shape));
        _body.AddRange(raw);
        return this;
    }

    public TestAnswer With<T>(int output, long[] shape, params T[] values) where T : unmanaged => With(output, shape, MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>A model with a batch axis whose outputs are these.</summary>
    public static ModelSpec Model(params TensorSpec[] outputs) => new() { Name = "m", Version = 1, Inputs = [], Outputs = [.. outputs], MaxBatchSize = 64 };

    public static TensorSpec Output(string name, TensorDataType type, params long[] dims) => new() { Name = name, DataType = type, Dims = [.. dims], GraphDims = [.. dims] };
}
