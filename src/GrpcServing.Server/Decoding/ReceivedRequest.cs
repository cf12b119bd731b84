using GrpcServing.Telemetry;

namespace GrpcServing.Decoding;

/// <summary>Holds the latest request of a call from its reading to its handler.</summary>
/// <remarks>
/// <para>
/// gRPC decodes a message before it lets go of the bytes and before it looks for the end of the client's stream. A caller who leaves
/// in between leaves a message that no handler ever sees, and its memory would come back only by the garbage collector.
/// </para>
/// <para>Flows with the call, because gRPC tells whoever decodes a message nothing about the call it belongs to.</para>
/// </remarks>
internal sealed class ReceivedRequest
{
    private static readonly AsyncLocal<ReceivedRequest?> Current = new();

    private UncheckedRequest? _request;
    private bool _wasTaken;

    /// <summary>Of a call that carries one request; null when nothing is traced.</summary>
    public RequestTrace? Trace { get; private init; }

    /// <summary>Of a stream; null when nothing is traced.</summary>
    public StreamTrace? Stream { get; private init; }

    /// <summary>Runs a call, and releases the request that nobody took.</summary>
    /// <param name="tracing">Null when nothing is traced.</param>
    /// <param name="untaken">Hears of a call that ended without a handler having had any request; null where that is no fault.</param>
    public static async Task RunAsync(HttpContext http, RequestDelegate call, CallTracing? tracing, bool isStream, Action<HttpContext>? untaken)
    {
        var received = tracing is null ? new ReceivedRequest()
            : isStream ? new ReceivedRequest { Stream = tracing.BeginStream(http) }
            : new ReceivedRequest { Trace = tracing.BeginUnary(http) };
        Current.Value = received;
        try
        {
            await call(http).ConfigureAwait(false);
        }
        finally
        {
            received.Replace(null);
            if (!received._wasTaken) untaken?.Invoke(http);
        }
    }

    /// <summary>The bytes of a message are there.</summary>
    public static void Reading()
    {
        if (Current.Value is not { } received) return;
        received.Trace?.Decoding();
        received.Stream?.Reading();
    }

    /// <summary>The reader has it now.</summary>
    public static UncheckedRequest Hold(UncheckedRequest request)
    {
        if (Current.Value is { } received) received.Replace(request);
        return request;
    }

    /// <summary>The handler has it now, and releases it.</summary>
    /// <returns>The timeline of the request; null when it is not traced.</returns>
    public static RequestTrace? Take()
    {
        if (Current.Value is not { } received) return null;
        received._request = null;
        received._wasTaken = true;
        return received.Trace ?? received.Stream?.BeginMessage();
    }

    private void Replace(UncheckedRequest? next)
    {
        _request?.Release();
        _request = next;
    }
}
