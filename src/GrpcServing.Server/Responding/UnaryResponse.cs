using GrpcServing.Decoding;
using Microsoft.Net.Http.Headers;

namespace GrpcServing.Responding;

/// <summary>The response of a unary gRPC call, written to its HTTP/2 stream.</summary>
internal static class UnaryResponse
{
    public const string ContentType = "application/grpc";

    /// <summary>Writes the one message, or the status alone. Once, before anything has been sent.</summary>
    /// <remarks>An asynchronous method, but 0 bytes where the headers can be sent at once, as Kestrel does.</remarks>
    /// <param name="response">Released, written or not; null when there is an error.</param>
    public static async Task WriteAsync(HttpResponse http, IWireMessage? response, ServingError error, StatusMapping statuses)
    {
        http.ContentType = ContentType;
        if (response is null)
        {
            statuses.Write(http, error);
            return;
        }
        try
        {
            var size = response.WireSize();
            if (size > int.MaxValue)
            {
                statuses.Write(http, TooLarge(size));
                return;
            }
            await http.StartAsync().ConfigureAwait(false);
            MessageFrame.Write(http.BodyWriter, (int)size);
            var output = new WireOutput(http.BodyWriter);
            response.WriteTo(ref output);
            output.Flush();
        }
        finally
        {
            response.Release();
        }
        http.AppendTrailer(HeaderNames.GrpcStatus, "0");
    }

    /// <summary>Why a response of so many bytes cannot be sent.</summary>
    public static ServingError TooLarge(long bytes) => ServingError.Invalid(
        FormattableString.Invariant($"Response has byte size {bytes}, which exceeds gRPC's byte size limit {int.MaxValue}. Ask for fewer rows or outputs."));
}
