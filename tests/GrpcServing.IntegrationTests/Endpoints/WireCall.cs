using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Core;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>What came back for a call that was sent without a gRPC client.</summary>
/// <param name="Message">As it travelled, percent-encoded; "" when there was none.</param>
internal sealed record WireAnswer(StatusCode Status, string Message, string Pushback, string ContentType, byte[] Body);

/// <summary>gRPC without a gRPC client: the body of a call goes out as it is.</summary>
internal static class WireCall
{
    public static byte[] Frame(IMessage message) => Frame(compressed: false, message.ToByteArray());

    public static byte[] Frame(bool compressed, byte[] message)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] GZip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
        return packed.ToArray();
    }

    public static async Task<WireAnswer> SendAsync(string address, HttpContent body, string method = "ModelInfer", string? timeout = null, CancellationToken cancellation = default)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address}/inference.GRPCInferenceService/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.Add("te", "trailers");
        request.Headers.Add("grpc-encoding", "gzip");
        if (timeout is not null) request.Headers.Add("grpc-timeout", timeout);
        using var response = await http.SendAsync(request, cancellation);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellation);
        string Header(string name) => response.TrailingHeaders.TryGetValues(name, out var trailer) ? trailer.Single() : response.Headers.TryGetValues(name, out var header) ? header.Single() : "";
        return new WireAnswer(
            (StatusCode)int.Parse(Header("grpc-status"), CultureInfo.InvariantCulture), Header("grpc-message"), Header("grpc-retry-pushback-ms"), $"{response.Content.Headers.ContentType}", answer);
    }
}

/// <summary>A body that goes out piece by piece, each when its time has come.</summary>
internal sealed class PiecewiseContent(IEnumerable<byte[]> pieces, Func<Task> pause) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        foreach (var piece in pieces)
        {
            await stream.WriteAsync(piece);
            await stream.FlushAsync();
            await pause();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
