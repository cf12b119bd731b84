using GrpcServing.Decoding;

namespace GrpcServing.Responding;

/// <summary>The response of a unary gRPC call, written to its HTTP/2 stream.</summary>
internal static class UnaryResponse
{
    private const string ContentType = "application/grpc";

    /// <summary>Writes the one message, or the status alone. Once, before anything has been sent.</summary>
    /// <param name="response">Released, written or not; null when there is an error.</param>
    public static Task WriteAsync(HttpResponse http, IWireMessage? response, ServingError error, StatusMapping statuses)
    {
        http.ContentType = ContentType;
        if (response is null)
        {
            statuses.Write(http, error);
            return Task.CompletedTask;
        }
        var size = response.WireSize();
        if (size > int.MaxValue)
        {
            response.Release();
            statuses.Write(http, Refusals.ResponseTooLarge(size));
            return Task.CompletedTask;
        }
        // Headers first: the trailer that ends the message would be one of them otherwise.
        var starting = http.StartAsync();
        if (!starting.IsCompletedSuccessfully) return WriteAsync(http, response, (int)size, starting);
        Write(http, response, (int)size);
        return Task.CompletedTask;
    }

    private static async Task WriteAsync(HttpResponse http, IWireMessage response, int size, Task starting)
    {
        try
        {
            await starting.ConfigureAwait(false);
        }
        catch
        {
            response.Release();
            throw;
        }
        Write(http, response, size);
    }

    private static void Write(HttpResponse http, IWireMessage response, int size)
    {
        try
        {
            MessageFrame.Write(http.BodyWriter, size);
            var output = new WireOutput(http.BodyWriter);
            response.WriteTo(ref output);
            output.Flush();
        }
        finally
        {
            response.Release();
        }
        http.AppendTrailer("grpc-status", "0");
    }
}
