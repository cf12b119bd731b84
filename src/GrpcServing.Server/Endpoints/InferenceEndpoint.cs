using System.Threading.Channels;
using Grpc.Core;
using GrpcServing.Decoding;
using GrpcServing.Hosting;
using GrpcServing.Responding;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>ModelInfer and ModelStreamInfer.</summary>
internal sealed class InferenceEndpoint(InferencePipeline pipeline, DrainState drain, StatusMapping statuses, TimeProvider time)
{
    /// <summary>Requests of one stream that may be under way at once; the next is not read until one has been answered.</summary>
    private const int MaxInFlightPerStream = 256;

    /// <summary>Triton's header: the first error ends the stream with its status instead of an error message.</summary>
    private const string ErrorHeader = "triton_grpc_error";

    public async Task<InferenceResponse> InferAsync(UncheckedRequest request, ServerCallContext context)
    {
        var trace = ReceivedRequest.Take();
        var answer = await pipeline.RunAsync(request, Deadline(context), trace, context.CancellationToken).ConfigureAwait(false);
        if (answer.Response is not { } response) throw statuses.ToException(answer.Error);
        // A call whose deadline passes between here and the writing ends without it.
        context.GetHttpContext().Response.OnCompleted(static response =>
        {
            ((InferenceResponse)response).Release();
            return Task.CompletedTask;
        }, response);
        return response;
    }

    /// <summary>Requests run side by side, their batches are shared with everybody's; responses leave in the order of the requests.</summary>
    /// <remarks>When the server drains nothing more is read; what was read is answered, then the stream ends with UNAVAILABLE.</remarks>
    public async Task StreamAsync(IAsyncStreamReader<UncheckedRequest> requests, IServerStreamWriter<StreamResponse> responses, ServerCallContext context)
    {
        var endOnError = string.Equals(context.RequestHeaders.GetValue(ErrorHeader), "true", StringComparison.OrdinalIgnoreCase);
        var inFlight = Channel.CreateBounded<Task<StreamAnswer>>(new BoundedChannelOptions(MaxInFlightPerStream) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var reader = new DrainedReader<UncheckedRequest>(requests, drain, stopped.Token);
        var reading = ReadAsync(reader, inFlight.Writer, Deadline(context), stopped.Token);
        try
        {
            await foreach (var pending in inFlight.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                var answer = await pending.ConfigureAwait(false);
                if (endOnError && !answer.Error.IsNone)
                {
                    answer.Release();
                    throw statuses.ToException(answer.Error);
                }
                await WriteAsync(responses, answer, stopped.Token).ConfigureAwait(false);
            }
            await reading.ConfigureAwait(false);
            if (reader.EndedByDrain) throw statuses.ToException(DrainState.Refusal);
        }
        finally
        {
            await stopped.CancelAsync().ConfigureAwait(false);
            await ReleaseRestAsync(inFlight.Reader, reading).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(DrainedReader<UncheckedRequest> requests, ChannelWriter<Task<StreamAnswer>> inFlight, long deadline, CancellationToken cancellation)
    {
        try
        {
            while (await requests.MoveNext(cancellation).ConfigureAwait(false))
            {
                var trace = ReceivedRequest.Take();
                await inFlight.WriteAsync(RunAsync(requests.Current, deadline, trace, cancellation), CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            inFlight.Complete();
        }
    }

    private async Task<StreamAnswer> RunAsync(UncheckedRequest request, long deadline, RequestTrace? trace, CancellationToken cancellation)
    {
        var id = request.Id;
        var (response, error) = await pipeline.RunAsync(request, deadline, trace, cancellation).ConfigureAwait(false);
        return new StreamAnswer(response is null ? StreamResponse.Failure(id, error) : StreamResponse.Success(response), error, trace);
    }

    /// <summary>A message that could not be written any more is released all the same.</summary>
    private static async Task WriteAsync(IServerStreamWriter<StreamResponse> responses, StreamAnswer answer, CancellationToken cancellation)
    {
        try
        {
            await responses.WriteAsync(answer.Message, cancellation).ConfigureAwait(false);
        }
        finally
        {
            answer.Release();
        }
    }

    /// <summary>The stream has ended before all were written: nobody reads the rest, but each holds memory.</summary>
    private static async Task ReleaseRestAsync(ChannelReader<Task<StreamAnswer>> inFlight, Task reading)
    {
        await foreach (var pending in inFlight.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (pending.IsCompletedSuccessfully) (await pending.ConfigureAwait(false)).Release();
        }
        // Its failure, if any, is the caller's departure, or was thrown above already.
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The call's deadline on the monotonic clock.</summary>
    private long Deadline(ServerCallContext context)
    {
        if (context.Deadline == DateTime.MaxValue) return long.MaxValue;
        var left = context.Deadline - time.GetUtcNow().UtcDateTime;
        return time.GetTimestamp() + (long)(left.TotalSeconds * time.TimestampFrequency);
    }

    private readonly record struct StreamAnswer(StreamResponse Message, ServingError Error, RequestTrace? Trace)
    {
        /// <summary>Written, or never to be: gives the memory up and ends the timeline.</summary>
        public void Release()
        {
            Message.Release();
            Trace?.Ended(isError: !Error.IsNone);
        }
    }
}
