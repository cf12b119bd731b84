using GrpcServing.Admission;

namespace GrpcServing.Tests.Admission;

public class CircuitBreakerTests
{
    private const long Second = 1000;
    private readonly CircuitBreaker _circuit = new(Second);

    [Fact]
    public void Failed_FewerThanItTakes_StaysClosed()
    {
        Fail(CircuitBreaker.FailuresToOpen - 1, now: 0);

        Assert.True(_circuit.TryEnter(0));
        Assert.False(_circuit.IsOpen);
    }

    [Fact]
    public void Succeeded_BetweenFailures_CountsAnew()
    {
        Fail(CircuitBreaker.FailuresToOpen - 1, now: 0);
        _circuit.Succeeded();
        Fail(CircuitBreaker.FailuresToOpen - 1, now: 0);

        Assert.False(_circuit.IsOpen);
    }

    [Fact]
    public void Failed_AsOftenAsItTakes_RefusesForHalfASecond()
    {
        Fail(CircuitBreaker.FailuresToOpen, now: 100);

        Assert.False(_circuit.TryEnter(100));
        Assert.False(_circuit.TryEnter(599));
        Assert.True(_circuit.TryEnter(600));
    }

    [Fact]
    public void TryEnter_WhileAProbeIsOut_Refuses()
    {
        Fail(CircuitBreaker.FailuresToOpen, now: 0);
        Assert.True(_circuit.TryEnter(500));

        Assert.False(_circuit.TryEnter(501));
        Assert.True(_circuit.TryEnter(1000));
    }

    [Fact]
    public void Succeeded_Probe_ClosesTheCircuit()
    {
        Fail(CircuitBreaker.FailuresToOpen, now: 0);
        Assert.True(_circuit.TryEnter(500));
        _circuit.Succeeded();

        Assert.False(_circuit.IsOpen);
        Assert.True(_circuit.TryEnter(501));
    }

    [Fact]
    public void Failed_ProbeAfterProbe_PausesTwiceAsLongUpToHalfAMinute()
    {
        Fail(CircuitBreaker.FailuresToOpen, now: 0);
        long now = 0;
        foreach (var pause in new long[] { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 })
        {
            Assert.False(_circuit.TryEnter(now + pause - 1));
            now += pause;
            Assert.True(_circuit.TryEnter(now));
            Fail(1, now);
        }
    }

    private void Fail(int times, long now)
    {
        for (var i = 0; i < times; i++) _circuit.Failed(now);
    }
}
