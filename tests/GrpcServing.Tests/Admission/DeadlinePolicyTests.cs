using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Tests.Admission;

public class DeadlinePolicyTests
{
    /// <summary>One tick is a microsecond.</summary>
    private const long Frequency = 1_000_000;

    [Theory]
    [InlineData(0, true, 0, long.MaxValue)]
    [InlineData(0, true, 70, 1070)]
    [InlineData(0, false, 70, long.MaxValue)]
    [InlineData(50, true, 70, 1050)]
    [InlineData(50, true, 30, 1030)]
    [InlineData(50, false, 30, 1050)]
    [InlineData(50, true, 0, 1050)]
    [InlineData(0, true, long.MaxValue, long.MaxValue)]
    public void Apply_TimeoutOfThePolicyAndOfTheRequest_TakesTheShorterThatCounts(long policy, bool allowed, long own, long expiry)
    {
        var batching = new BatchingConfiguration { DefaultQueuePolicy = new QueuePolicy(QueueTimeoutAction.Reject, TimeSpan.FromMicroseconds(policy), allowed, 0) };

        var request = Apply(batching, own, long.MaxValue);

        Assert.Equal(expiry, request.QueueExpiry);
    }

    [Fact]
    public void Apply_NothingConfigured_TheRequestsTimeoutCounts() => Assert.Equal(1070, Apply(new BatchingConfiguration(), 70, long.MaxValue).QueueExpiry);

    [Fact]
    public void Apply_CallersDeadline_KeepsTimeForTheWayBack()
    {
        Assert.Equal(301_000 - 5000, Apply(new BatchingConfiguration(), 0, 301_000).Deadline);
        Assert.Equal(2000 - 50, Apply(new BatchingConfiguration(), 0, 2000).Deadline);
        Assert.Equal(1000 + (60 * Frequency), Apply(new BatchingConfiguration(), 0, long.MaxValue).Deadline);
    }

    private static PendingRequest Apply(BatchingConfiguration batching, long own, long callerDeadline)
    {
        var request = new PendingRequest(new DecodedRequest { Id = "", Body = null!, Inputs = [], Bucket = new ShapeBucket(0, [], []), Rows = 1, TimeoutMicroseconds = own });
        new DeadlinePolicy(batching, TimeSpan.FromSeconds(60), Frequency).Apply(request, callerDeadline, now: 1000);
        return request;
    }
}
