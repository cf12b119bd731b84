using System.Text.Json;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Hosting;

namespace GrpcServing.Endpoints;

/// <summary>Reads the bodies of REST calls, none of them beyond the limit on a request, compressed or not.</summary>
internal sealed class RestBody(TensorPool pool, ServingOptions options)
{
    /// <summary>The whole body in one block of native memory, the caller's to release.</summary>
    /// <exception cref="BadHttpRequestException">It is too large.</exception>
    public async Task<(TensorBuffer Body, int Length)> ReadAsync(HttpContext http)
    {
        var source = RestCoding.Open(http.Request);
        var body = pool.Rent((int)Math.Clamp(http.Request.ContentLength ?? 0, 1024, options.MaxRequestBytes));
        var length = 0;
        try
        {
            while (true)
            {
                if (length == body.Capacity)
                {
                    var grown = pool.Rent((int)Math.Min(2L * body.Capacity, Array.MaxLength));
                    body.GetSpan().CopyTo(grown.GetSpan());
                    body.Release();
                    body = grown;
                }
                var read = await source.ReadAsync(body.Memory[length..], http.RequestAborted).ConfigureAwait(false);
                if (read == 0) return (body, length);
                length += read;
                if (length > options.MaxRequestBytes) throw new BadHttpRequestException($"the request body is larger than Serving:MaxRequestBytes ({options.MaxRequestBytes})", StatusCodes.Status413PayloadTooLarge);
            }
        }
        catch (InvalidDataException undecodable)
        {
            body.Release();
            throw new BadHttpRequestException($"the request body is not what its Content-Encoding ({http.Request.Headers.ContentEncoding}) says: {undecodable.Message}");
        }
        catch
        {
            body.Release();
            throw;
        }
        finally
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The body as a JSON object whose names and strings are text; null when there is none.</summary>
    /// <exception cref="BadHttpRequestException">It is something else, or too large.</exception>
    public async Task<JsonDocument?> ReadJsonAsync(HttpContext http)
    {
        if (http.Request.ContentLength is null or 0 && http.Request.Headers.TransferEncoding.Count == 0) return null;
        var (body, length) = await ReadAsync(http).ConfigureAwait(false);
        try
        {
            return Parse(body.GetSpan()[..length]);
        }
        catch (JsonException malformed)
        {
            throw new BadHttpRequestException($"failed to parse the request JSON buffer: {malformed.Message}");
        }
        catch (JsonRequestException wrong)
        {
            throw new BadHttpRequestException(wrong.Message);
        }
        finally
        {
            body.Release();
        }
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        var texts = new Utf8JsonReader(json);
        while (texts.Read())
            if (texts.TokenType is JsonTokenType.PropertyName or JsonTokenType.String) JsonText.Read(ref texts);

        var reader = new Utf8JsonReader(json);
        var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        throw new JsonRequestException("the request body must be a JSON object");
    }
}
