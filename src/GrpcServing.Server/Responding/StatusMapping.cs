using System.Collections.Immutable;
using System.Globalization;
using Grpc.Core;

namespace GrpcServing.Responding;

/// <summary>Whose status codes the server answers with.</summary>
public enum StatusCodeSet
{
    /// <summary>gRPC's own meaning: overload is RESOURCE_EXHAUSTED, a missed deadline DEADLINE_EXCEEDED.</summary>
    Standard,
    /// <summary>Triton's, for clients that test them: both are UNAVAILABLE.</summary>
    Triton,
}

/// <summary>The one table from a refusal or fault to what the caller sees.</summary>
internal sealed class StatusMapping(StatusCodeSet codes)
{
    /// <summary>The gRPC retry policy of clients honours it.</summary>
    private const string PushbackHeader = "grpc-retry-pushback-ms";

    /// <summary>Milliseconds after which a caller may try again.</summary>
    private const string PushbackMilliseconds = "100";

    private static readonly ImmutableArray<Row> Rows =
    [
        new(ErrorReason.None, StatusCode.OK, StatusCode.OK, 200),
        new(ErrorReason.InvalidArgument, StatusCode.InvalidArgument, StatusCode.InvalidArgument, 400),
        new(ErrorReason.NotFound, StatusCode.NotFound, StatusCode.NotFound, 404),
        new(ErrorReason.VersionNotReady, StatusCode.Unavailable, StatusCode.Unavailable, 503),
        new(ErrorReason.Draining, StatusCode.Unavailable, StatusCode.Unavailable, 503),
        new(ErrorReason.QueueFull, StatusCode.ResourceExhausted, StatusCode.Unavailable, 429, RetryLater: true),
        new(ErrorReason.DeadlineUnreachable, StatusCode.DeadlineExceeded, StatusCode.Unavailable, 504),
        new(ErrorReason.DeadlineExpired, StatusCode.DeadlineExceeded, StatusCode.Unavailable, 504),
        new(ErrorReason.QueueTimeout, StatusCode.Unavailable, StatusCode.Unavailable, 503),
        new(ErrorReason.Cancelled, StatusCode.Cancelled, StatusCode.Cancelled, 499),
        new(ErrorReason.CircuitOpen, StatusCode.Unavailable, StatusCode.Unavailable, 503, RetryLater: true),
        new(ErrorReason.ExecutionFailed, StatusCode.Internal, StatusCode.Internal, 500),
        new(ErrorReason.Unsupported, StatusCode.Unimplemented, StatusCode.Unimplemented, 501),
        new(ErrorReason.Internal, StatusCode.Internal, StatusCode.Internal, 500),
    ];

    public StatusCode ToGrpc(ErrorReason reason) => codes == StatusCodeSet.Triton ? Rows[(int)reason].Triton : Rows[(int)reason].Standard;

    /// <summary>HTTP status: the table's, or Triton's, which has neither 429 nor 499 nor 504.</summary>
    public int ToHttp(ErrorReason reason) => (codes, Rows[(int)reason].Http) switch
    {
        (StatusCodeSet.Standard, var status) => status,
        (_, 429 or 504) => 503,
        (_, 499) => 400,
        (_, var status) => status,
    };

    /// <summary>HTTP status of an error that was already given a gRPC status.</summary>
    public static int HttpOf(StatusCode code) => code switch
    {
        StatusCode.NotFound => 404,
        StatusCode.Unavailable => 503,
        StatusCode.Unimplemented => 501,
        StatusCode.Internal => 500,
        _ => 400,
    };

    /// <summary>Seconds for a Retry-After header, or null.</summary>
    public static int? RetryAfterSeconds(ErrorReason reason) => Rows[(int)reason].RetryLater ? 1 : null;

    /// <summary>The exception that ends a gRPC call with this error.</summary>
    public RpcException ToException(ServingError error)
    {
        var status = new Status(ToGrpc(error.Reason), StatusText.Fit(error.Message));
        return Rows[(int)error.Reason].RetryLater ? new RpcException(status, new Metadata { { PushbackHeader, PushbackMilliseconds } }) : new RpcException(status);
    }

    /// <summary>Ends a gRPC call that has sent nothing yet with this error: its response is headers alone.</summary>
    public void Write(HttpResponse response, ServingError error)
    {
        var headers = response.Headers;
        headers.GrpcStatus = ((int)ToGrpc(error.Reason)).ToString(CultureInfo.InvariantCulture);
        headers.GrpcMessage = StatusText.Encode(StatusText.Fit(error.Message));
        if (Rows[(int)error.Reason].RetryLater) headers[PushbackHeader] = PushbackMilliseconds;
    }

    /// <summary>Throws when there is an error.</summary>
    public void ThrowIfError(ServingError error)
    {
        if (!error.IsNone) throw ToException(error);
    }

    /// <param name="Reason">Its value is the row's index.</param>
    private readonly record struct Row(ErrorReason Reason, StatusCode Standard, StatusCode Triton, int Http, bool RetryLater = false);
}
