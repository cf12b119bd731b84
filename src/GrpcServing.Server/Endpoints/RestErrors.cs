using System.Buffers;
using System.Text.Json;
using Grpc.Core;
using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>Ends a REST call with <c>{"error": "..."}</c> and the status of the one table.</summary>
internal sealed class RestErrors(StatusMapping statuses)
{
    public Task WriteAsync(HttpContext http, ServingError error)
    {
        if (StatusMapping.RetryAfterSeconds(error.Reason) is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return WriteAsync(http, statuses.ToHttp(error.Reason), error.Message);
    }

    public static async Task WriteAsync(HttpContext http, int status, string message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonOutput.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("error", message);
            writer.WriteEndObject();
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = buffer.WrittenCount;
        await http.Response.Body.WriteAsync(buffer.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Runs an endpoint that answers errors with exceptions: of gRPC, as those shared with the gRPC service do, or about the body.</summary>
    public static async Task GuardAsync(HttpContext http, Func<HttpContext, Task> endpoint)
    {
        try
        {
            await endpoint(http).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            await WriteAsync(http, StatusMapping.HttpOf(failure.StatusCode), failure.Status.Detail).ConfigureAwait(false);
        }
        catch (BadHttpRequestException bad) when (!http.Response.HasStarted)
        {
            await WriteAsync(http, bad.StatusCode, bad.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone: nobody is left to answer.
        }
    }
}
