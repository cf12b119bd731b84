using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Hosting;
using GrpcServing.Responding;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>ModelInfer as nearly every client sends it: from the bytes of its HTTP/2 stream to the pipeline and back.</summary>
/// <remarks>
/// <para>
/// Such calls are all the load there is, and the layers of a general gRPC call (the routes it might have, a scope of services, a context, a
/// timer, five asynchronous methods) double the managed memory of each.
/// </para>
/// <para>
/// What is not exactly such a call (another protocol, a compressed or broken message, one over the limit, a timeout that is none, a caller
/// who goes while he sends) is left to Grpc.AspNetCore with none of its bytes consumed, so that its rules are written once, there.
/// </para>
/// </remarks>
internal sealed class DirectInference(
    InferencePipeline pipeline, TensorPool pool, StatusMapping statuses, ServingMetrics metrics, ServingOptions options, TimeProvider time, CallTracing? tracing = null)
{
    private const string ModelInfer = "/" + GrpcCallTrace.Method;

    private static readonly ServingError LateMessage = new(ErrorReason.DeadlineExpired, "The deadline passed before the whole request had come.");

    /// <summary>A middleware, to stand before the routing.</summary>
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var request = http.Request;
        return request.Path.Value == ModelInfer && HttpMethods.IsPost(request.Method) && HttpProtocol.IsHttp2(request.Protocol) &&
            request.ContentType is UnaryResponse.ContentType or UnaryResponse.ContentType + "+proto" && CallTimeout.TryRead(request.Headers.GrpcTimeout, out var timeout)
            ? Run(http, timeout, next)
            : next(http);
    }

    private Task Run(HttpContext http, TimeSpan timeout, RequestDelegate next)
    {
        var startedAt = time.GetTimestamp();
        var deadline = timeout == TimeSpan.MaxValue ? long.MaxValue : startedAt + (long)(timeout.TotalSeconds * time.TimestampFrequency);
        var call = new Call(http, next, startedAt, deadline, deadline == long.MaxValue ? null : CallDeadline.Start(http, deadline, time));
        var reading = ReadAsync(http.Request.BodyReader, call.Timer);
        // Nearly always the message came with the headers: then there is one asynchronous method less to pay for.
        return reading.IsCompletedSuccessfully ? Answer(call, reading.Result) : AnswerAsync(call, reading);
    }

    /// <summary>One asynchronous method for both waits, that for the message and that for the answer.</summary>
    private async Task AnswerAsync(Call call, ValueTask<Received> reading)
    {
        var received = await reading.ConfigureAwait(false);
        if (received.State != FrameState.Whole)
        {
            await LeaveAsync(call, received.State).ConfigureAwait(false);
            return;
        }
        var waiting = Begin(call, received.Frame, out var inference);
        await EndAsync(call.Http.Response, inference, await waiting.ConfigureAwait(false), call.Timer).ConfigureAwait(false);
    }

    private Task Answer(in Call call, in Received received)
    {
        if (received.State != FrameState.Whole) return LeaveAsync(call, received.State);
        var waiting = Begin(call, received.Frame, out var inference);
        return waiting.IsCompleted ? EndAsync(call.Http.Response, inference, waiting.Result, call.Timer) : RespondAsync(call.Http.Response, inference, call.Timer);
    }

    /// <summary>Waits by the request: what it is waited by would be kept beside it, 32 bytes for each call.</summary>
    private async Task RespondAsync(HttpResponse http, Inference inference, CallDeadline? timer) =>
        await EndAsync(http, inference, await inference.Pending.Answer.ConfigureAwait(false), timer).ConfigureAwait(false);

    private ValueTask<ServingError> Begin(in Call call, in ReadOnlySequence<byte> frame, out Inference inference)
    {
        var http = call.Http;
        var trace = tracing?.BeginUnary(http, call.StartedAt);
        trace?.Decoding();
        var request = WireReader.Read(frame.Slice(MessageFrame.HeaderBytes), pool);
        // From here on a caller who has gone is the pipeline's to notice.
        TryAdvance(http.Request.BodyReader, frame.End, frame.End);
        var waiting = pipeline.Begin(request, call.Deadline, trace, http.RequestAborted, out inference);
        call.Timer?.Waits(inference.Pending);
        return waiting;
    }

    private Task EndAsync(HttpResponse http, in Inference inference, ServingError outcome, CallDeadline? timer)
    {
        var (response, error) = pipeline.End(inference, outcome);
        timer?.Stop();
        return UnaryResponse.WriteAsync(http, response, error, statuses);
    }

    /// <summary>The call of which no message came: to others, or it is late.</summary>
    private Task LeaveAsync(in Call call, FrameState state)
    {
        call.Timer?.Stop();
        if (state == FrameState.Unusual) return call.Next(call.Http);
        tracing?.BeginUnary(call.Http, call.StartedAt).Answered(null, null, LateMessage);
        metrics.TurnedAway("", LateMessage.Reason);
        return UnaryResponse.WriteAsync(call.Http.Response, null, LateMessage, statuses);
    }

    /// <summary>Waits for the whole body of a call.</summary>
    /// <returns>
    /// Whole: with the frame, valid until the reader is advanced, which is the caller's to do. Partial: the deadline passed first. Unusual:
    /// the reader stands at the beginning, for somebody else to read. Nothing has been consumed in any case.
    /// </returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Received> ReadAsync(PipeReader reader, CallDeadline? deadline)
    {
        var seen = 0L;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await reader.ReadAsync().ConfigureAwait(false);
            }
            catch (Exception gone) when (gone is IOException or OperationCanceledException)
            {
                // Whoever reads next is told the same.
                return new Received(FrameState.Unusual, default);
            }
            var body = read.Buffer;
            var state = MessageFrame.Look(body, read.IsCompleted, options.MaxRequestBytes);
            if (state == FrameState.Whole) return new Received(state, body);
            if (state == FrameState.Partial && !read.IsCanceled)
            {
                seen = body.Length;
                TryAdvance(reader, body.Start, body.End);
                continue;
            }
            // What is new does not count as seen: whoever reads next has it at once.
            TryAdvance(reader, body.Start, body.GetPosition(seen));
            if (state == FrameState.Unusual || deadline is { HasPassed: true }) return new Received(state, default);
        }
    }

    private static void TryAdvance(PipeReader reader, SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            reader.AdvanceTo(consumed, examined);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The stream was reset meanwhile: the next to read, or to look at the call, is told.
        }
    }

    /// <param name="StartedAt">In ticks of the clock.</param>
    /// <param name="Deadline">In ticks of the clock; <see cref="long.MaxValue"/> for none.</param>
    /// <param name="Timer">Null without a deadline; stopped when the call is answered or left to others.</param>
    private readonly record struct Call(HttpContext Http, RequestDelegate Next, long StartedAt, long Deadline, CallDeadline? Timer);

    private readonly record struct Received(FrameState State, ReadOnlySequence<byte> Frame);
}
