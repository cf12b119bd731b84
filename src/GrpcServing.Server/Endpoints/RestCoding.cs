using System.IO.Compression;
using Microsoft.Net.Http.Headers;

namespace GrpcServing.Endpoints;

/// <summary>Compression of REST bodies, both ways: gzip and deflate (which is zlib's form, as HTTP has it).</summary>
internal static class RestCoding
{
    /// <summary>Below this, compressing costs more than it saves.</summary>
    private const int WorthIt = 1024;

    /// <summary>The body as it was before the client compressed it; the caller disposes it, the limit on its length is the caller's too.</summary>
    /// <exception cref="BadHttpRequestException">It is compressed in another way.</exception>
    public static Stream Open(HttpRequest request)
    {
        var coding = request.Headers.ContentEncoding.ToString();
        return coding.ToLowerInvariant() switch
        {
            "" or "identity" => request.Body,
            "gzip" or "x-gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
            _ => throw new BadHttpRequestException($"header Content-Encoding ({CallerText.Clip(coding)}) must be gzip or deflate", StatusCodes.Status415UnsupportedMediaType),
        };
    }

    /// <summary>Writes a whole body, compressed where the client takes that and it is long enough.</summary>
    /// <param name="rest">Follows <paramref name="start"/>; may be empty.</param>
    public static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> rest)
    {
        if (start.Length + rest.Length < WorthIt || Choose(http.Request) is not { } coding)
        {
            http.Response.ContentLength = start.Length + rest.Length;
            await WriteAsync(http.Response.Body, start, rest, http.RequestAborted).ConfigureAwait(false);
            return;
        }
        http.Response.Headers.ContentEncoding = coding;
        http.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        Stream compressed = coding == "gzip" ? new GZipStream(http.Response.Body, CompressionLevel.Fastest) : new ZLibStream(http.Response.Body, CompressionLevel.Fastest);
        await using (compressed.ConfigureAwait(false)) await WriteAsync(compressed, start, rest, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>What the client prefers of what there is; null when it wants the body as it is.</summary>
    private static string? Choose(HttpRequest request)
    {
        if (request.Headers.AcceptEncoding.Count == 0) return null;
        string? best = null;
        var bestQuality = 0.0;
        foreach (var accepted in request.GetTypedHeaders().AcceptEncoding)
        {
            var quality = accepted.Quality ?? 1;
            if (accepted.Value.Value is not ("gzip" or "deflate") || quality <= bestQuality) continue;
            best = accepted.Value.Value;
            bestQuality = quality;
        }
        return best;
    }

    private static async Task WriteAsync(Stream body, ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> rest, CancellationToken cancellation)
    {
        await body.WriteAsync(start, cancellation).ConfigureAwait(false);
        if (!rest.IsEmpty) await body.WriteAsync(rest, cancellation).ConfigureAwait(false);
    }
}
