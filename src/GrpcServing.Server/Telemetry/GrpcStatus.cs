using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace GrpcServing.Telemetry;

/// <summary>The status that a gRPC call ended with, as its trailers say, and the conventions' names of statuses.</summary>
internal static class GrpcStatus
{
    public const string Ok = "OK";

    /// <summary>As the conventions write it, for example DEADLINE_EXCEEDED. After the response.</summary>
    public static string Of(HttpContext http)
    {
        var text = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers[HeaderNames.GrpcStatus].ToString();
        if (string.IsNullOrEmpty(text)) text = http.Response.Headers[HeaderNames.GrpcStatus].ToString();
        if (text == "0") return Ok;
        // A call that was reset before it had a status ended because its caller left.
        if (!int.TryParse(text, out var code)) return http.RequestAborted.IsCancellationRequested ? Name(StatusCode.Cancelled) : Name(StatusCode.Unknown);
        return Name((StatusCode)code);
    }

    public static string Name(StatusCode code) => code switch
    {
        StatusCode.OK => Ok,
        StatusCode.Cancelled => "CANCELLED",
        StatusCode.Unknown => "UNKNOWN",
        StatusCode.InvalidArgument => "INVALID_ARGUMENT",
        StatusCode.DeadlineExceeded => "DEADLINE_EXCEEDED",
        StatusCode.NotFound => "NOT_FOUND",
        StatusCode.AlreadyExists => "ALREADY_EXISTS",
        StatusCode.PermissionDenied => "PERMISSION_DENIED",
        StatusCode.ResourceExhausted => "RESOURCE_EXHAUSTED",
        StatusCode.FailedPrecondition => "FAILED_PRECONDITION",
        StatusCode.Aborted => "ABORTED",
        StatusCode.OutOfRange => "OUT_OF_RANGE",
        StatusCode.Unimplemented => "UNIMPLEMENTED",
        StatusCode.Internal => "INTERNAL",
        StatusCode.Unavailable => "UNAVAILABLE",
        StatusCode.DataLoss => "DATA_LOSS",
        StatusCode.Unauthenticated => "UNAUTHENTICATED",
        _ => "UNKNOWN",
    };
}
