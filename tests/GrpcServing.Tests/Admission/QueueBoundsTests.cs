using GrpcServing.Admission;

namespace GrpcServing.Tests.Admission;

public class QueueBoundsTests
{
    [Fact]
    public void TryEnter_RowsBeyondTheBound_IsRefusedAndTakesNoPlace()
    {
        var bounds = new QueueBounds(maxRows: 10, maxBytes: 1000);
        Assert.True(bounds.TryEnter(8, 8).IsNone);

        var refusal = bounds.TryEnter(3, 3);

        Assert.Equal(ErrorReason.QueueFull, refusal.Reason);
        Assert.Contains("Exceeds maximum queue size: 8 rows are waiting and batching.maxQueueRows is 10", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((8, 8), (bounds.Rows, bounds.Bytes));
        Assert.True(bounds.TryEnter(2, 2).IsNone);
    }

    [Fact]
    public void TryEnter_BytesBeyondTheBound_NamesTheBytes()
    {
        var bounds = new QueueBounds(maxRows: 10, maxBytes: 1000);
        Assert.True(bounds.TryEnter(1, 900).IsNone);

        var refusal = bounds.TryEnter(1, 200);

        Assert.Contains("900 bytes are waiting and batching.maxQueueBytes is 1000", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryEnter_LargeRequestIntoAnEmptyQueue_Enters()
    {
        var bounds = new QueueBounds(maxRows: 10, maxBytes: 1000);

        Assert.True(bounds.TryEnter(64, 5000).IsNone);
        Assert.False(bounds.TryEnter(1, 1).IsNone);
        bounds.Leave(64, 5000);
        Assert.True(bounds.TryEnter(1, 1).IsNone);
    }
}
