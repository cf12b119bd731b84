using Grpc.Core;
using GrpcServing.Hosting;

namespace GrpcServing.Endpoints;

/// <summary>Reads a client's stream until the client ends it or the server drains: a stream that says nothing must not hold the stop up.</summary>
/// <remarks>One reader at a time; disposed with its call.</remarks>
internal sealed class DrainedReader<T>(IAsyncStreamReader<T> messages, DrainState drain, CancellationToken call) : IAsyncStreamReader<T>, IDisposable
{
    private readonly CancellationTokenSource _either = CancellationTokenSource.CreateLinkedTokenSource(call, drain.Draining);

    public T Current => messages.Current;

    /// <summary>True when the end of the stream was the server's wish.</summary>
    public bool EndedByDrain { get; private set; }

    /// <param name="cancellationToken">Not looked at: the call's own ends the wait.</param>
    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            if (!drain.Draining.IsCancellationRequested) return await messages.MoveNext(_either.Token).ConfigureAwait(false);
        }
        catch (Exception cancelled) when (cancelled is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled } && drain.Draining.IsCancellationRequested && !call.IsCancellationRequested)
        {
            // The end of the stream, told below.
        }
        EndedByDrain = true;
        return false;
    }

    public void Dispose() => _either.Dispose();
}
