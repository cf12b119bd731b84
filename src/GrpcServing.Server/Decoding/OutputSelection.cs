using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>Matches the outputs a request names with those of the model.</summary>
internal static class OutputSelection
{
    private const string Classification = "classification";

    /// <param name="outputs">Empty when the request asks for all outputs as they are, by naming none or all in the model's order.</param>
    public static ServingError Read(UncheckedRequest request, ModelSpec spec, out ImmutableArray<RequestedOutput> outputs)
    {
        outputs = [];
        var named = request.Outputs;
        if (IsEverything(named, spec)) return ServingError.None;

        // More names than outputs means that one is unknown or comes twice, so the array is never larger than the model.
        var selected = new RequestedOutput[Math.Min(named.Length, spec.Outputs.Length)];
        for (var i = 0; i < named.Length; i++)
        {
            ref readonly var output = ref named[i];
            var index = spec.FindOutput(output.Name);
            if (index < 0) return Refusals.UnexpectedOutput(output.Name, spec);
            foreach (var earlier in selected.AsSpan(0, Math.Min(i, selected.Length)))
                if (earlier.Output == index) return Refusals.DuplicateOutput(output.Name, spec);
            var error = ReadParameters(output, spec.Outputs[index], spec, out var classes);
            if (!error.IsNone) return error;
            selected[i] = new RequestedOutput(index, classes);
        }
        outputs = ImmutableCollectionsMarshal.AsImmutableArray(selected);
        return ServingError.None;
    }

    private static bool IsEverything(ReadOnlySpan<UncheckedOutput> named, ModelSpec spec)
    {
        if (named.IsEmpty) return true;
        if (named.Length != spec.Outputs.Length) return false;
        for (var i = 0; i < named.Length; i++)
            if (named[i].Parameters is not null || named[i].Name != spec.Outputs[i].Name) return false;
        return true;
    }

    private static ServingError ReadParameters(in UncheckedOutput output, TensorSpec tensor, ModelSpec spec, out int classes)
    {
        classes = 0;
        if (output.Parameters is null) return ServingError.None;
        foreach (var parameter in output.Parameters)
        {
            if (SharedMemory.IsAskedBy(parameter)) return Refusals.SharedMemory("output", output.Name, parameter.Name, spec);
            if (parameter.Name != Classification) continue;
            if (!parameter.TryGetCount(int.MaxValue, out var count) || count == 0) return Refusals.ClassCount(parameter, tensor, spec);
            if (tensor.DataType is TensorDataType.Bytes or TensorDataType.Bool) return Refusals.NotClassifiable(tensor, spec);
            classes = (int)count;
        }
        return ServingError.None;
    }
}
