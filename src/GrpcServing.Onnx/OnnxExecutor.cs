using System.Buffers;
using System.Buffers.Binary;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>Runs batches through reused IoBindings over one input and one output region.</summary>
internal sealed class OnnxExecutor(InferenceSession session, ModelSpec spec) : Executor
{
    /// <summary>Bindings kept; past that all are dropped and made anew, so hostile shapes cannot grow them.</summary>
    private const int MaxBindings = 256;

    /// <summary>Bytes of an input from which on it costs less to bind other memory than to copy.</summary>
    private const int LeastBorrowed = 256 << 10;

    private readonly NativeRegion _inputs = new();
    private readonly NativeRegion _outputs = new();
    private readonly Dictionary<(ShapeBucket Bucket, int Rows), BoundBatch> _bindings = [];
    private readonly RunOptions _options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly long[][] _outputShapes = new long[spec.Outputs.Length][];
    private readonly ArrayBufferWriter<byte>?[] _texts = new ArrayBufferWriter<byte>?[spec.Outputs.Length];
    private readonly Lock _terminating = new();
    private IDisposableReadOnlyCollection<OrtValue>? _found;
    private BoundBatch? _bound;
    private int _rows;
    private bool _terminated;
    private bool _disposed;

    public override void Bind(ShapeBucket bucket, int rows)
    {
        lock (_terminating)
        {
            if (_terminated) _options.Terminate = false;
            _terminated = false;
        }
        DropFound();
        _rows = rows;
        if (_bindings.TryGetValue((bucket, rows), out _bound)) return;

        var layout = new BatchLayout(spec, bucket, rows);
        // Bindings point into the regions: when one moves they are all void.
        var moved = _inputs.EnsureCapacity(layout.InputBytes) | _outputs.EnsureCapacity(layout.OutputBytes);
        if (moved || _bindings.Count >= MaxBindings) DropBindings();
        _bound = new BoundBatch(session, spec, layout, _inputs, _outputs);
        _bindings.Add((bucket, rows), _bound);
    }

    public override unsafe void Write(int input, long firstElement, ReadOnlySpan<byte> raw)
    {
        var type = spec.Inputs[input].DataType;
        if (type == TensorDataType.Bytes)
        {
            WriteText(_bound!.Text(input), checked((int)firstElement), raw);
            return;
        }
        var place = _bound!.Layout.Inputs[input];
        _bound.TakeBack(input);
        var start = firstElement * type.ElementSize();
        raw.CopyTo(new Span<byte>(_inputs.Pointer + place.Offset, checked((int)place.Bytes))[checked((int)start)..]);
    }

    public override unsafe bool TryBorrow(int input, TensorBuffer body, InputSlice elements)
    {
        var first = body.Pointer + elements.Offset;
        // Strings have no bytes of their own.
        if (elements.Length < LeastBorrowed || elements.Length != _bound!.Layout.Inputs[input].Bytes || (nuint)first % NativeRegion.Alignment != 0) return false;
        _bound.Borrow(input, first);
        return true;
    }

    public override void Run()
    {
        var bound = _bound!;
        if (!bound.Layout.AllOutputsKnown) bound.RebindOutputs();
        try
        {
            session.RunWithBinding(_options, bound.Binding);
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ExecutionException(failure.Message, Volatile.Read(ref _terminated), failure);
        }
        if (bound.Layout.AllOutputsKnown) bound.Layout.OutputShapes.CopyTo(_outputShapes, 0);
        else ReadFound(bound);
    }

    public override void Terminate()
    {
        lock (_terminating)
        {
            if (_disposed) return;
            _terminated = true;
            _options.Terminate = true;
        }
    }

    public override long[] OutputShape(int output) => _outputShapes[output];

    public override unsafe ReadOnlySpan<byte> OutputBytes(int output)
    {
        if (_bound!.Layout.Outputs[output] is { } place) return new ReadOnlySpan<byte>(_outputs.Pointer + place.Offset, checked((int)place.Bytes));
        return spec.Outputs[output].DataType == TensorDataType.Bytes ? _texts[output]!.WrittenSpan : Found(output).GetTensorMutableRawData();
    }

    protected override void Dispose(bool disposing)
    {
        lock (_terminating)
        {
            if (_disposed) return;
            _disposed = true;
        }
        DropFound();
        DropBindings();
        _options.Dispose();
        _inputs.Dispose();
        _outputs.Dispose();
    }

    private static void WriteText(OrtValue tensor, int firstElement, ReadOnlySpan<byte> raw)
    {
        for (var element = firstElement; raw.Length > 0; element++)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(raw);
            tensor.StringTensorSetElementAt(raw.Slice(sizeof(uint), length), element);
            raw = raw[(sizeof(uint) + length)..];
        }
    }

    /// <summary>Shapes, and strings in raw form, of outputs that the runtime allocated.</summary>
    private void ReadFound(BoundBatch bound)
    {
        _found = bound.Binding.GetOutputValues();
        for (var i = 0; i < _outputShapes.Length; i++)
        {
            var shape = bound.Layout.OutputShapes[i] ?? ToSpec(spec.Outputs[i], _found[i].GetTensorTypeAndShape().Shape);
            if (spec.HasBatchAxis && (shape.Length == 0 || shape[0] != _rows))
                throw new ExecutionException($"output '{spec.Outputs[i].Name}' has the shape [{string.Join(',', shape)}], expected a first dimension of {_rows}, the rows of the batch; set maxBatchSize to 0 for a model whose outputs do not follow its rows", terminated: false);
            _outputShapes[i] = shape;
            if (spec.Outputs[i].DataType == TensorDataType.Bytes) ReadText(i, shape);
        }
    }

    private OrtValue Found(int output) => _found![output];

    private void ReadText(int output, long[] shape)
    {
        var text = _texts[output] ??= new ArrayBufferWriter<byte>();
        text.ResetWrittenCount();
        var elements = checked((int)shape.Aggregate(1L, static (product, dim) => product * dim));
        for (var i = 0; i < elements; i++)
        {
            var element = Found(output).GetStringElementAsSpan(i);
            BinaryPrimitives.WriteUInt32LittleEndian(text.GetSpan(sizeof(uint)), (uint)element.Length);
            text.Advance(sizeof(uint));
            text.Write(element);
        }
    }

    /// <summary>The shape as a response has it, where a reshape is configured: same elements, the open dimensions in order.</summary>
    private long[] ToSpec(TensorSpec output, long[] shape)
    {
        if (output.GraphDims.SequenceEqual(output.Dims)) return shape;
        var batch = spec.HasBatchAxis ? 1 : 0;
        var open = new Queue<long>();
        for (var i = 0; i < output.GraphDims.Length; i++)
            if (output.GraphDims[i] == -1) open.Enqueue(shape[i + batch]);
        return [.. shape[..batch], .. output.Dims.Select(dim => dim == -1 ? open.Dequeue() : dim)];
    }

    private void DropFound()
    {
        _found?.Dispose();
        _found = null;
    }

    private void DropBindings()
    {
        foreach (var binding in _bindings.Values) binding.Dispose();
        _bindings.Clear();
    }
}
