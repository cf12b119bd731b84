using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Execution;

/// <summary>One place where one batch runs at a time: fixed input and output memory around one runtime session.</summary>
/// <remarks>
/// <para>
/// A batch is: <see cref="Bind"/>, fill every input, <see cref="Run"/>, read the outputs. One thread at a time does these;
/// it may be a different one from batch to batch. Only <see cref="Terminate"/> may come from another thread.
/// </para>
/// <para>Budget: 0 managed bytes per batch after the first of its (bucket, rows), string tensors and borrowed inputs excepted.</para>
/// </remarks>
public abstract class Executor : IDisposable
{
    /// <summary>Prepares memory for <paramref name="rows"/> rows of this bucket. Outputs of the batch before are gone.</summary>
    /// <param name="bucket">The shape of a row of every input.</param>
    /// <param name="rows">Rows in the batch, padding included; 1 for a model without a batch axis.</param>
    public abstract void Bind(ShapeBucket bucket, int rows);

    /// <summary>
    /// Copies elements into an input. Together the calls of a batch must fill each input completely.
    /// </summary>
    /// <param name="input">Index into the spec's inputs.</param>
    /// <param name="firstElement">Where in the batch's tensor the elements go, counted in elements.</param>
    /// <param name="raw">Elements in the protocol's raw form, whole and already validated (lengths of BYTES included).</param>
    public abstract void Write(int input, long firstElement, ReadOnlySpan<byte> raw);

    /// <summary>Instead of <see cref="Write"/>, for an input that one request fills alone: the elements stay where they are. Costs about 100 managed bytes.</summary>
    /// <param name="body">Whoever calls holds a reference on it until the batch's outputs have been read.</param>
    /// <param name="elements">Of the whole input, in raw form.</param>
    /// <returns>False when they have to be written: there are too few for it to pay, or they do not lie as the runtime needs them.</returns>
    public virtual bool TryBorrow(int input, TensorBuffer body, InputSlice elements) => false;

    /// <summary>Runs the bound batch. Blocking; outputs are readable afterwards until the next <see cref="Bind"/>.</summary>
    /// <exception cref="ExecutionException">The run failed, or was terminated (<see cref="ExecutionException.Terminated"/>). The executor can be used again.</exception>
    public abstract void Run();

    /// <summary>
    /// Makes a running <see cref="Run"/> end early at the next node of the graph. Any thread; harmless when nothing runs, and never
    /// touches a run that starts later: <see cref="Bind"/> clears it.
    /// </summary>
    public abstract void Terminate();

    /// <summary>Full shape of an output, first dimension included. The array is shared: it is replaced, never changed.</summary>
    public abstract long[] OutputShape(int output);

    /// <summary>Bytes of an output in the protocol's raw form, row-major. Valid until the next <see cref="Bind"/>.</summary>
    public abstract ReadOnlySpan<byte> OutputBytes(int output);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>A run of a batch failed.</summary>
/// <param name="terminated">True when <see cref="Executor.Terminate"/> ended it.</param>
public sealed class ExecutionException(string message, bool terminated, Exception? inner = null) : Exception(message, inner)
{
    public bool Terminated { get; } = terminated;
}
