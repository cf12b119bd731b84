using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Windows of 100 ticks.</summary>
public class ArrivalDispersionTests
{
    [Fact]
    public void Of_TooFewWindows_IsWhatTheCallerSays()
    {
        var dispersion = new ArrivalDispersion();
        for (var now = 0; now < 300; now += 10) dispersion.Note(1, now, window: 100);

        Assert.Equal(3, dispersion.Of(meanRows: 1, otherwise: 3));
    }

    [Fact]
    public void Of_EvenArrivals_IsTheLeast()
    {
        var dispersion = new ArrivalDispersion();
        for (var now = 0; now < 5000; now += 10) dispersion.Note(1, now, window: 100);

        Assert.Equal(0.25, dispersion.Of(meanRows: 1, otherwise: 3));
    }

    [Fact]
    public void Of_BurstsInEveryFourthWindow_IsTheirVarianceOverTheirMean()
    {
        // 0, 0, 0, 8 requests: mean 2, variance 12.
        var dispersion = new ArrivalDispersion();
        for (var window = 1; window < 200; window += 4)
            for (var i = 0; i < 8; i++) dispersion.Note(1, 100 * window + 50, window: 100);

        Assert.InRange(dispersion.Of(meanRows: 1, otherwise: 3), 5, 7);
    }

    [Fact]
    public void Of_RequestsOfManyRows_CountsThemOnce()
    {
        var (single, many) = (new ArrivalDispersion(), new ArrivalDispersion());
        for (var i = 0; i < 1000; i++)
        {
            var now = i * 37 % 11 + 20 * i;
            single.Note(1, now, window: 100);
            many.Note(4, now, window: 100);
        }

        Assert.Equal(single.Of(meanRows: 1, otherwise: 3), many.Of(meanRows: 4, otherwise: 3), 6);
    }

    [Fact]
    public void Note_AfterALongSilence_CountsItsEmptyWindowsOnce()
    {
        var dispersion = new ArrivalDispersion();
        for (var now = 0; now < 5000; now += 10) dispersion.Note(1, now, window: 100);
        dispersion.Note(1, 50_000_000, window: 100);

        // Empty windows for all of its memory: 10 w of mean, 10 - 10 w of dispersion, where w is what is left of the time before, near 1 / e.
        Assert.InRange(dispersion.Of(meanRows: 1, otherwise: 3), 5, 8);
    }
}
