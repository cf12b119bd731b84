using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>Matches the inputs of a request with those of the model.</summary>
internal static class InputMatching
{
    private static readonly InputSlice NotGiven = new(0, -1);

    /// <param name="only">The model's one row shape; null when it has open dimensions.</param>
    /// <param name="slices">By input of the model.</param>
    /// <param name="rowDims">By input of the model, without the batch axis; null with <paramref name="only"/>.</param>
    /// <param name="rows">Rows of every input; 1 without a batch axis.</param>
    public static ServingError Read(
        UncheckedRequest request, ModelSpec spec, ShapeBucket? only, out InputSlice[] slices, out long[][]? rowDims, out int rows)
    {
        slices = [];
        rowDims = null;
        rows = 1;
        if (request.InputCount != spec.Inputs.Length) return Miscounted(request, spec);

        slices = new InputSlice[spec.Inputs.Length];
        slices.AsSpan().Fill(NotGiven);
        rowDims = only is null ? new long[spec.Inputs.Length][] : null;
        for (var i = 0; i < request.InputCount; i++)
        {
            ref readonly var input = ref request.Inputs[i];
            var index = Find(spec, input.Name, i);
            if (index < 0) return Refusals.UnexpectedInput(input.Name, spec);
            if (slices[index] != NotGiven) return Refusals.DuplicateInput(input.Name, spec);

            var tensor = spec.Inputs[index];
            var shape = request.Shape(input);
            var error = CheckForm(input, tensor, spec);
            if (error.IsNone) error = InputShape.Check(shape, tensor, spec);
            if (error.IsNone && spec.HasBatchAxis) error = CheckRows(shape, tensor, spec, i == 0, ref rows);
            if (error.IsNone) error = InputElements.Read(request, i, tensor, spec, out slices[index]);
            if (!error.IsNone) return error;
            if (rowDims is not null) rowDims[index] = shape[(spec.HasBatchAxis ? 1 : 0)..].ToArray();
        }
        return ServingError.None;
    }

    /// <summary>A name given twice is the better explanation of a wrong count.</summary>
    private static ServingError Miscounted(UncheckedRequest request, ModelSpec spec)
    {
        var names = new HashSet<string>();
        foreach (ref readonly var input in request.Inputs)
            if (!names.Add(input.Name) && spec.FindInput(input.Name) >= 0) return Refusals.DuplicateInput(input.Name, spec);
        return Refusals.InputCount(request, spec);
    }

    /// <summary>Most clients send inputs in the model's order.</summary>
    private static int Find(ModelSpec spec, string name, int likely) => spec.Inputs[likely].Name == name ? likely : spec.FindInput(name);

    private static ServingError CheckForm(in UncheckedInput input, TensorSpec tensor, ModelSpec spec)
    {
        if (input.Parameters is not null)
        {
            foreach (var parameter in input.Parameters)
                if (SharedMemory.IsAskedBy(parameter)) return Refusals.SharedMemory("input", input.Name, parameter.Name, spec);
        }

        // Contents are held against the datatype that the request itself declares, as Triton does: only then against the model's.
        var isKnown = TensorDataTypes.TryParse(input.Datatype, out var declared);
        var typed = input.Contents & ContentsFields.Typed;
        if (isKnown && typed != ContentsFields.None && typed != TypedContents.FieldOf(declared))
            return Refusals.WrongContents(tensor, typed & ~TypedContents.FieldOf(declared), declared, spec);
        return isKnown && declared == tensor.DataType ? ServingError.None : Refusals.DataType(input, tensor, spec);
    }

    private static ServingError CheckRows(ReadOnlySpan<long> shape, TensorSpec tensor, ModelSpec spec, bool isFirst, ref int rows)
    {
        if (!isFirst && shape[0] != rows) return Refusals.UnequalRows(tensor, shape[0], rows, spec);
        if (shape[0] == 0) return Refusals.NoRows(tensor, shape, spec);
        if (shape[0] > spec.MaxBatchSize) return Refusals.TooManyRows(shape[0], spec);
        rows = (int)shape[0];
        return ServingError.None;
    }
}
