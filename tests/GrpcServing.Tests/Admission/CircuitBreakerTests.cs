using GrpcServing.Admission;

namespace GrpcServing.Tests.Admission;

public class CircuitBreakerTests
{
    private const long Second = 1000;
    private readonly CircuitBreaker _circuit = new(CircuitSettings.Requests, Second);

    [Fact]
    public void Failed_FewerThanItTakes_StaysClosed()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen - 1, now: 0);

        Assert.True(_circuit.TryEnter(0));
        Assert.False(_circuit.IsOpen);
    }

    [Fact]
    public void Succeeded_BetweenFailures_CountsAnew()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen - 1, now: 0);
        _circuit.Succeeded();
        Fail(CircuitSettings.Requests.FailuresToOpen - 1, now: 0);

        Assert.False(_circuit.IsOpen);
    }

    [Fact]
    public void Failed_AsOftenAsItTakes_RefusesForHalfASecond()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen, now: 100);

        Assert.False(_circuit.TryEnter(100));
        Assert.False(_circuit.TryEnter(599));
        Assert.True(_circuit.TryEnter(600));
    }

    [Fact]
    public void TryEnter_WhileAProbeIsOut_Refuses()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen, now: 0);
        Assert.True(_circuit.TryEnter(500));

        Assert.False(_circuit.TryEnter(501));
        Assert.True(_circuit.TryEnter(1000));
    }

    [Fact]
    public void Succeeded_Probe_ClosesTheCircuit()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen, now: 0);
        Assert.True(_circuit.TryEnter(500));
        _circuit.Succeeded();

        Assert.False(_circuit.IsOpen);
        Assert.True(_circuit.TryEnter(501));
    }

    [Fact]
    public void Failed_ProbeAfterProbe_PausesTwiceAsLongUpToHalfAMinute()
    {
        Fail(CircuitSettings.Requests.FailuresToOpen, now: 0);
        long now = 0;
        foreach (var pause in new long[] { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 })
        {
            Assert.False(_circuit.TryEnter(now + pause - 1));
            now += pause;
            Assert.True(_circuit.TryEnter(now));
            Fail(1, now);
        }
    }

    [Fact]
    public void Failed_HalfOfTheLastTwentyCopies_OpensForHalfAMinute()
    {
        var circuit = new CircuitBreaker(CircuitSettings.Copies, Second);
        for (var i = 0; i < 9; i++)
        {
            circuit.Succeeded();
            circuit.Failed(now: 0);
        }
        circuit.Succeeded();
        Assert.False(circuit.IsOpen);

        circuit.Failed(now: 0);

        Assert.False(circuit.TryEnter(29_999));
        Assert.True(circuit.TryEnter(30_000));
        circuit.Succeeded();
        // What was before the pause does not count any more.
        circuit.Failed(now: 30_000);
        Assert.False(circuit.IsOpen);
    }

    private void Fail(int times, long now)
    {
        for (var i = 0; i < times; i++) _circuit.Failed(now);
    }
}
