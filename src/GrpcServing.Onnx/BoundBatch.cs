using GrpcServing.Execution;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>An IoBinding for one bucket and number of rows, over the executor's fixed memory. Made once, used for every such batch.</summary>
internal sealed class BoundBatch : IDisposable
{
    private readonly ModelSpec _spec;
    private readonly OrtValue?[] _inputs;
    private readonly OrtValue?[] _borrowed;
    private readonly OrtValue?[] _outputs;

    public unsafe BoundBatch(InferenceSession session, ModelSpec spec, BatchLayout layout, NativeRegion inputs, NativeRegion outputs)
    {
        Layout = layout;
        _spec = spec;
        Binding = session.CreateIoBinding();
        _inputs = new OrtValue?[spec.Inputs.Length];
        _borrowed = new OrtValue?[spec.Inputs.Length];
        _outputs = new OrtValue?[spec.Outputs.Length];
        try
        {
            for (var i = 0; i < _inputs.Length; i++)
            {
                _inputs[i] = Create(spec.Inputs[i].DataType, layout.Inputs[i], inputs.Pointer + layout.Inputs[i].Offset);
                Binding.BindInput(spec.Inputs[i].Name, _inputs[i]!);
            }
            for (var i = 0; i < _outputs.Length; i++)
                if (layout.Outputs[i] is { } known) _outputs[i] = Create(spec.Outputs[i].DataType, known, outputs.Pointer + known.Offset);
            BindOutputs();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public BatchLayout Layout { get; }

    public OrtIoBinding Binding { get; }

    /// <summary>
    /// Before each run of a model whose output shapes only the run tells: a binding keeps what the last run allocated and would
    /// demand the same shape again.
    /// </summary>
    public void RebindOutputs()
    {
        Binding.ClearBoundOutputs();
        BindOutputs();
    }

    /// <summary>The tensor of strings bound to an input.</summary>
    public OrtValue Text(int input) => _inputs[input]!;

    /// <summary>Lets the next runs read an input from other memory, as large as its own, until <see cref="TakeBack"/> or the next such call.</summary>
    public unsafe void Borrow(int input, byte* elements)
    {
        var value = Create(_spec.Inputs[input].DataType, Layout.Inputs[input], elements);
        Binding.BindInput(_spec.Inputs[input].Name, value);
        _borrowed[input]?.Dispose();
        _borrowed[input] = value;
    }

    /// <summary>The next runs read an input from the executor's memory again.</summary>
    public void TakeBack(int input)
    {
        if (_borrowed[input] is not { } borrowed) return;
        Binding.BindInput(_spec.Inputs[input].Name, _inputs[input]!);
        borrowed.Dispose();
        _borrowed[input] = null;
    }

    public void Dispose()
    {
        Binding.Dispose();
        foreach (var value in _borrowed) value?.Dispose();
        foreach (var value in _inputs) value?.Dispose();
        foreach (var value in _outputs) value?.Dispose();
    }

    private void BindOutputs()
    {
        for (var i = 0; i < _outputs.Length; i++)
        {
            if (_outputs[i] is { } known) Binding.BindOutput(_spec.Outputs[i].Name, known);
            else Binding.BindOutputToDevice(_spec.Outputs[i].Name, OrtMemoryInfo.DefaultInstance);
        }
    }

    private static unsafe OrtValue Create(TensorDataType type, TensorPlace place, byte* elements) => type == TensorDataType.Bytes
        ? OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, place.Shape)
        : OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, OrtTypes.ToOrt(type), place.Shape, (nint)elements, place.Bytes);
}
