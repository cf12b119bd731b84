namespace GrpcServing.Decoding;

/// <summary>Holds the request of a unary call from its reading to its handler.</summary>
/// <remarks>
/// gRPC reads the message before the end of the client's stream has come. A caller who leaves between the two leaves a message that no
/// handler ever sees, and its memory would come back only by the garbage collector. Flows with the call, because gRPC tells whoever
/// reads a message nothing about the call it belongs to.
/// </remarks>
internal sealed class ReceivedRequest
{
    private static readonly AsyncLocal<ReceivedRequest?> Current = new();

    private UncheckedRequest? _request;

    /// <summary>Runs a call, and releases its request if nobody took it.</summary>
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
            received._request?.Release();
        }
    }

    /// <summary>The reader has it now.</summary>
    public static UncheckedRequest Hold(UncheckedRequest request)
    {
        if (Current.Value is { } received) received._request = request;
        return request;
    }

    /// <summary>The handler has it now, and releases it.</summary>
    public static void Take()
    {
        if (Current.Value is { } received) received._request = null;
    }
}
