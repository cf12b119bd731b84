using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Execution;

/// <summary>Interns the row shapes of one model version. Any thread.</summary>
/// <remarks>
/// A model with fixed dimensions has exactly one bucket and no lookup. Otherwise the table holds at most <see cref="MaxBuckets"/>;
/// past that it starts anew, so hostile shapes cannot grow it. Buckets handed out before stay valid: they merely no longer
/// share batches with new ones of the same shape.
/// </remarks>
public sealed class ShapeTable
{
    public const int MaxBuckets = 1024;

    private readonly ImmutableArray<TensorSpec> _inputs;
    private readonly ShapeBucket? _only;
    private readonly Padding? _padding;
    private readonly Lock _lock = new();
    private readonly Dictionary<long[][], ShapeBucket> _buckets = new(ShapeComparer.Instance);
    private int _nextId;

    public ShapeTable(ModelSpec spec)
    {
        _inputs = spec.Inputs;
        if (!spec.Padding.IsEmpty) _padding = new Padding(spec);
        if (_inputs.All(static input => input.IsFixed))
            _only = Create([.. _inputs.Select(static input => input.Dims.ToArray())]);
    }

    /// <summary>The bucket of a model whose inputs are all of fixed size; null when a dimension is open.</summary>
    public ShapeBucket? Only => _only;

    /// <summary>The bucket that a request runs in: of its own shape, or of the one that its open dimensions are padded to.</summary>
    /// <param name="rowDims">Per input, without the batch axis, already checked against the spec. Kept: do not change it afterwards.</param>
    /// <param name="own"><paramref name="rowDims"/> where the bucket is larger, else null.</param>
    /// <param name="conflict">A padded dimension that two inputs give different sizes, in which case there is no bucket; else null.</param>
    public ShapeBucket? Fit(long[][] rowDims, out long[][]? own, out string? conflict)
    {
        conflict = null;
        own = null;
        var padded = _padding?.Pad(rowDims, out conflict) ?? rowDims;
        if (conflict is not null) return null;
        if (padded != rowDims) own = rowDims;
        return Get(padded);
    }

    /// <summary>The bucket of exactly this shape.</summary>
    /// <param name="rowDims">Per input, without the batch axis, already checked against the spec. Kept: do not change it afterwards.</param>
    public ShapeBucket Get(long[][] rowDims)
    {
        if (_only is not null) return _only;
        lock (_lock)
        {
            if (_buckets.TryGetValue(rowDims, out var bucket)) return bucket;
            if (_buckets.Count >= MaxBuckets)
            {
                _buckets.Clear();
                _nextId = 0;
            }
            bucket = Create(rowDims);
            _buckets.Add(rowDims, bucket);
            return bucket;
        }
    }

    private ShapeBucket Create(long[][] rowDims)
    {
        var graphDims = new long[rowDims.Length][];
        for (var i = 0; i < rowDims.Length; i++) graphDims[i] = ToGraph(_inputs[i], rowDims[i]);
        return new ShapeBucket(_nextId++, rowDims, graphDims);
    }

    /// <summary>Fills the open dimensions of a reshape, in order, from those the request gave.</summary>
    private static long[] ToGraph(TensorSpec spec, long[] dims)
    {
        if (spec.GraphDims.SequenceEqual(spec.Dims)) return dims;
        var open = new Queue<long>();
        for (var i = 0; i < dims.Length; i++)
            if (spec.Dims[i] == -1) open.Enqueue(dims[i]);
        return [.. spec.GraphDims.Select(dim => dim == -1 ? open.Dequeue() : dim)];
    }

    private sealed class ShapeComparer : IEqualityComparer<long[][]>
    {
        public static ShapeComparer Instance { get; } = new();

        public bool Equals(long[][]? x, long[][]? y)
        {
            if (x!.Length != y!.Length) return false;
            for (var i = 0; i < x.Length; i++)
                if (!x[i].AsSpan().SequenceEqual(y[i])) return false;
            return true;
        }

        public int GetHashCode(long[][] shapes)
        {
            var hash = new HashCode();
            foreach (var dims in shapes)
            {
                hash.Add(dims.Length);
                foreach (var dim in dims) hash.Add(dim);
            }
            return hash.ToHashCode();
        }
    }
}
