using Grpc.Core;
using GrpcServing.Responding;

namespace GrpcServing.Tests.Responding;

public sealed class StatusMappingTests
{
    public static TheoryData<ErrorReason, StatusCode, int, StatusCode, int> Table => new()
    {
        { ErrorReason.None, StatusCode.OK, 200, StatusCode.OK, 200 },
        { ErrorReason.InvalidArgument, StatusCode.InvalidArgument, 400, StatusCode.InvalidArgument, 400 },
        { ErrorReason.NotFound, StatusCode.NotFound, 404, StatusCode.NotFound, 404 },
        { ErrorReason.VersionNotReady, StatusCode.Unavailable, 503, StatusCode.Unavailable, 503 },
        { ErrorReason.Draining, StatusCode.Unavailable, 503, StatusCode.Unavailable, 503 },
        { ErrorReason.QueueFull, StatusCode.ResourceExhausted, 429, StatusCode.Unavailable, 503 },
        { ErrorReason.DeadlineUnreachable, StatusCode.DeadlineExceeded, 504, StatusCode.Unavailable, 503 },
        { ErrorReason.DeadlineExpired, StatusCode.DeadlineExceeded, 504, StatusCode.Unavailable, 503 },
        { ErrorReason.QueueTimeout, StatusCode.Unavailable, 503, StatusCode.Unavailable, 503 },
        { ErrorReason.Cancelled, StatusCode.Cancelled, 499, StatusCode.Cancelled, 400 },
        { ErrorReason.CircuitOpen, StatusCode.Unavailable, 503, StatusCode.Unavailable, 503 },
        { ErrorReason.ExecutionFailed, StatusCode.Internal, 500, StatusCode.Internal, 500 },
        { ErrorReason.Unsupported, StatusCode.Unimplemented, 501, StatusCode.Unimplemented, 501 },
        { ErrorReason.Internal, StatusCode.Internal, 500, StatusCode.Internal, 500 },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Map_Reason_GivesTheStatusOfTheChosenSet(ErrorReason reason, StatusCode standard, int standardHttp, StatusCode triton, int tritonHttp)
    {
        var ours = new StatusMapping(StatusCodeSet.Standard);
        var theirs = new StatusMapping(StatusCodeSet.Triton);

        Assert.Equal((standard, standardHttp), (ours.ToGrpc(reason), ours.ToHttp(reason)));
        Assert.Equal((triton, tritonHttp), (theirs.ToGrpc(reason), theirs.ToHttp(reason)));
    }

    [Fact]
    public void Table_HasEveryReason()
    {
        var tested = Table.Select(static row => row.Data.Item1);

        Assert.Equal(Enum.GetValues<ErrorReason>(), tested);
    }

    [Fact]
    public void ToException_AnyReason_TellsWhenToRetryOnlyWhereThatHelps()
    {
        foreach (var reason in Enum.GetValues<ErrorReason>())
        {
            var failure = new StatusMapping(StatusCodeSet.Standard).ToException(new ServingError(reason, "because"));

            var helps = reason is ErrorReason.QueueFull or ErrorReason.CircuitOpen;
            Assert.Equal("because", failure.Status.Detail);
            Assert.Equal(helps, failure.Trailers.GetValue("grpc-retry-pushback-ms") is not null);
            Assert.Equal(helps, StatusMapping.RetryAfterSeconds(reason) is not null);
        }
    }
}
