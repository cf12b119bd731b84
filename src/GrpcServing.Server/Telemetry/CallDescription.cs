using System.Diagnostics;
using System.Globalization;

namespace GrpcServing.Telemetry;

/// <summary>What a server span says of its call, by OpenTelemetry's conventions for RPC and for HTTP.</summary>
internal static class CallDescription
{
    /// <param name="method">package.Service/Method.</param>
    /// <param name="message">Why it failed; "" when it did not, or nobody said.</param>
    public static void Grpc(Activity span, HttpContext http, string method, string message)
    {
        var status = GrpcStatus.Of(http);
        span.SetTag(SpanAttributes.RpcSystem, "grpc");
        span.SetTag(SpanAttributes.RpcMethod, method);
        span.SetTag(SpanAttributes.RpcStatus, status);
        Peer(span, http);
        if (status == GrpcStatus.Ok) return;
        span.SetTag(SpanAttributes.ErrorType, status);
        span.SetStatus(ActivityStatusCode.Error, message);
    }

    /// <summary>Method and route: what the caller wrote into the path stays out of a span's name.</summary>
    public static string RestName(HttpContext http) => Route(http) is { } route ? $"{http.Request.Method} {route}" : http.Request.Method;

    public static void Rest(Activity span, HttpContext http, string message)
    {
        var status = http.Response.StatusCode;
        span.SetTag(SpanAttributes.HttpMethod, http.Request.Method);
        span.SetTag(SpanAttributes.UrlScheme, http.Request.Scheme);
        span.SetTag(SpanAttributes.UrlPath, CallerText.Clip(http.Request.Path.Value ?? ""));
        if (Route(http) is { } route) span.SetTag(SpanAttributes.HttpRoute, route);
        span.SetTag(SpanAttributes.HttpStatus, status);
        Peer(span, http);
        if (status < StatusCodes.Status500InternalServerError) return;
        span.SetTag(SpanAttributes.ErrorType, status.ToString(CultureInfo.InvariantCulture));
        span.SetStatus(ActivityStatusCode.Error, message);
    }

    private static void Peer(Activity span, HttpContext http)
    {
        span.SetTag(SpanAttributes.ProtocolVersion, http.Request.Protocol.AsSpan().TrimStart("HTTP/").ToString());
        if (http.Connection.RemoteIpAddress is not { } address) return;
        span.SetTag(SpanAttributes.PeerAddress, address.ToString());
        span.SetTag(SpanAttributes.PeerPort, http.Connection.RemotePort);
    }

    private static string? Route(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
}
