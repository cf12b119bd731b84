using GrpcServing.Execution;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>An IoBinding for one bucket and number of rows, over the executor's fixed memory. Made once, used for every such batch.</summary>
internal sealed class BoundBatch : IDisposable
{
    private readonly OrtValue?[] _inputs;
    private readonly OrtValue?[] _outputs;

    public BoundBatch(InferenceSession session, ModelSpec spec, BatchLayout layout, NativeRegion inputs, NativeRegion outputs)
    {
        Layout = layout;
        Binding = session.CreateIoBinding();
        _inputs = new OrtValue?[spec.Inputs.Length];
        _outputs = new OrtValue?[spec.Outputs.Length];
        try
        {
            for (var i = 0; i < _inputs.Length; i++)
            {
                _inputs[i] = Create(spec.Inputs[i].DataType, layout.Inputs[i], inputs);
                Binding.BindInput(spec.Inputs[i].Name, _inputs[i]!);
            }
            for (var i = 0; i < _outputs.Length; i++)
            {
                if (layout.Outputs[i] is { } known)
                {
                    _outputs[i] = Create(spec.Outputs[i].DataType, known, outputs);
                    Binding.BindOutput(spec.Outputs[i].Name, _outputs[i]!);
                }
                else
                {
                    Binding.BindOutputToDevice(spec.Outputs[i].Name, OrtMemoryInfo.DefaultInstance);
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public BatchLayout Layout { get; }

    public OrtIoBinding Binding { get; }

    /// <summary>The tensor of strings bound to an input.</summary>
    public OrtValue Text(int input) => _inputs[input]!;

    public void Dispose()
    {
        Binding.Dispose();
        foreach (var value in _inputs) value?.Dispose();
        foreach (var value in _outputs) value?.Dispose();
    }

    private static unsafe OrtValue Create(TensorDataType type, TensorPlace place, NativeRegion region) => type == TensorDataType.Bytes
        ? OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, place.Shape)
        : OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, OrtTypes.ToOrt(type), place.Shape, (nint)(region.Pointer + place.Offset), place.Bytes);
}
