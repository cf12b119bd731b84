using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Execution;

/// <summary>Pads the open dimensions that the model's configuration names to the next of its sizes, so that more requests share a batch.</summary>
/// <remarks>
/// Padding is zeros, behind the request's own elements; outputs are cut back along dimensions of the same name, so a caller never
/// sees it. That the rows' results do not depend on it is the word of whoever configured it. Immutable, any thread.
/// </remarks>
internal sealed class Padding(ModelSpec spec)
{
    private static readonly byte[] Zeros = new byte[4096];

    /// <summary>The dimensions to run a row with: the given array itself where nothing is padded.</summary>
    /// <param name="rowDims">Per input, as the request gave them.</param>
    /// <param name="conflict">A dimension that two inputs give different sizes; null when there is none.</param>
    public long[][] Pad(long[][] rowDims, out string? conflict)
    {
        conflict = null;
        var padded = rowDims;
        for (var input = 0; input < rowDims.Length; input++)
        {
            var names = spec.Inputs[input].DimNames;
            for (var axis = 0; axis < names.Length; axis++)
            {
                if (!spec.Padding.TryGetValue(names[axis], out var sizes)) continue;
                var own = rowDims[input][axis];
                if (Own(names[axis], rowDims) != own) conflict = names[axis];
                var at = sizes.AsSpan().BinarySearch(own);
                // The size itself, or larger than all: runs as it is.
                if (at >= 0 || ~at == sizes.Length) continue;
                if (padded == rowDims) padded = [.. rowDims.Select(static dims => (long[])dims.Clone())];
                padded[input][axis] = sizes[~at];
            }
        }
        return padded;
    }

    /// <summary>Dimensions of an output row as a request's own sizes make them.</summary>
    /// <param name="run">Full shape after a run on padded rows.</param>
    public long[] OutputRow(int output, long[] run, DecodedRequest request)
    {
        var row = run[1..];
        var names = spec.Outputs[output].DimNames;
        for (var axis = 0; axis < names.Length && axis < row.Length; axis++)
        {
            if (!spec.Padding.ContainsKey(names[axis])) continue;
            if (row[axis] == Own(names[axis], request.Bucket.RowDims)) row[axis] = Own(names[axis], request.OwnRowDims!);
        }
        return row;
    }

    /// <summary>Writes rows into a bound input, zeros around each.</summary>
    /// <param name="firstElement">Where the first padded row begins.</param>
    public void Write(Executor executor, int input, long firstElement, ReadOnlySpan<byte> raw, DecodedRequest request, int rows)
    {
        var size = spec.Inputs[input].DataType.ElementSize();
        var (own, padded) = (request.OwnRowDims![input], request.Bucket.RowDims[input]);
        var paddedElements = request.Bucket.RowElements[input];
        var ownElements = own.Aggregate(1L, static (product, dim) => product * dim);
        for (var row = 0; row < rows; row++, firstElement += paddedElements)
        {
            var source = raw.Slice(checked((int)(ownElements * row * size)), checked((int)(ownElements * size)));
            var filled = 0L;
            for (var runs = new PaddedRuns(own, padded); runs.MoveNext();)
            {
                WriteZeros(executor, input, firstElement + filled, runs.PaddedOffset - filled, size);
                executor.Write(input, firstElement + runs.PaddedOffset, source.Slice((int)runs.OwnOffset * size, (int)runs.Length * size));
                filled = runs.PaddedOffset + runs.Length;
            }
            WriteZeros(executor, input, firstElement + filled, paddedElements - filled, size);
        }
    }

    /// <summary>Copies rows out of a padded output, without what is around each.</summary>
    public static void Read(ReadOnlySpan<byte> source, long[] paddedRow, Span<byte> destination, long[] ownRow, int rows, int size)
    {
        for (var row = 0; row < rows; row++)
        {
            var from = source.Slice(source.Length / rows * row, source.Length / rows);
            var to = destination.Slice(destination.Length / rows * row, destination.Length / rows);
            for (var runs = new PaddedRuns(ownRow, paddedRow); runs.MoveNext();)
                from.Slice((int)runs.PaddedOffset * size, (int)runs.Length * size).CopyTo(to[((int)runs.OwnOffset * size)..]);
        }
    }

    private static void WriteZeros(Executor executor, int input, long firstElement, long elements, int size)
    {
        for (var most = Zeros.Length / size; elements > 0;)
        {
            var count = (int)Math.Min(elements, most);
            executor.Write(input, firstElement, Zeros.AsSpan(0, count * size));
            (firstElement, elements) = (firstElement + count, elements - count);
        }
    }

    /// <summary>Size of a named dimension: that of the first input that has it.</summary>
    private long Own(string name, long[][] rowDims)
    {
        for (var input = 0; input < rowDims.Length; input++)
        {
            var axis = spec.Inputs[input].DimNames.IndexOf(name);
            if (axis >= 0) return rowDims[input][axis];
        }
        return -1;
    }
}
