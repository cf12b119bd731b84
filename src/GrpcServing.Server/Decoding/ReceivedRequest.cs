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

    /// <summary>Runs a call, and releases the request that nobody took.</summary>
    public static async Task RunAsync(HttpContext http, RequestDelegate call)
    {
        var received = new ReceivedRequest();
        Current.Value = received;
        try
        {
            await call(http).ConfigureAwait(false);
        }
        finally
        {
            received.Replace(null);
        }
    }

    /// <summary>The reader has it now.</summary>
    public static UncheckedRequest Hold(UncheckedRequest request)
    {
        if (Current.Value is { } received) received.Replace(request);
        return request;
    }

    /// <summary>The handler has it now, and releases it.</summary>
    public static void Take()
    {
        if (Current.Value is { } received) received._request = null;
    }

    private void Replace(UncheckedRequest? next)
    {
        _request?.Release();
        _request = next;
    }
}
