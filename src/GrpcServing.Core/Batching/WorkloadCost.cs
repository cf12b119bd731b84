namespace GrpcServing.Batching;

/// <summary>What work that is left over costs a lane: how many entries more it will refuse than if it were idle.</summary>
/// <remarks>
/// <para>
/// The diffusion approximation of a queue. Work x, in ticks of one executor's time, drifts by rho - 1 per tick and varies by sigma^2; it
/// cannot fall below 0, and what comes while it stands at K = mean time to deadline - l(1) is refused. The expected loss from x on, less
/// that from 0 on, is the h that solves sigma^2/2 h'' - (1 - rho) h' = constant with h'(0) = 0 and h'(K) = 1: with
/// theta = 2 (1 - rho) / sigma^2
/// </para>
/// <code>h(x) = ((exp(theta x) - 1) / theta - x) / (exp(theta K) - 1), and on with slope 1 beyond K</code>
/// <para>
/// So a tick of work costs next to nothing on a lane with time to spare, x / K at load 1, and all it could have served in overload.
/// Until it is fitted the lane is taken for one with time to spare: work costs nothing. 0 bytes per call.
/// </para>
/// </remarks>
internal sealed class WorkloadCost(int executors)
{
    /// <summary>Of the variance of arrivals that reach the device one by one; batches take up the rest. Measured: 0.5 serves most over the simulator's profiles.</summary>
    private const double FeltVariance = 0.5;

    /// <summary>Largest |theta K|: beyond it the curve is a corner, and exp would overflow.</summary>
    private const double Sharpest = 50;

    private double _capacity;
    private double _theta;
    private double _full;
    private double _scale;
    private bool _isSquare;

    /// <summary>What arrives over what can be served in time; 0 until fitted.</summary>
    public double Load { get; private set; }

    /// <summary>Fits the cost to a lane.</summary>
    /// <param name="rate">Arrivals per tick.</param>
    /// <param name="meanRows">Rows of a request.</param>
    /// <param name="slack">Mean ticks from arrival to deadline.</param>
    /// <param name="dispersion">Variance of the arrivals in a window over their mean: 1 for Poisson arrivals.</param>
    public void Fit(double rate, double meanRows, double slack, double dispersion, BatchCosts costs)
    {
        var ticks = costs.Ticks;
        // The fastest batch whose oldest member still makes it (batching.md 4.3; several executors take turns), and the smallest that keeps up.
        var (fastest, capacity) = (1, 1.0 / ticks[1]);
        for (var rows = 2; rows <= costs.BestRows && (rows - 1) / (rate * meanRows) + ticks[rows] <= slack; rows++)
            if (rows / (double)ticks[rows] > capacity) (fastest, capacity) = (rows, rows / (double)ticks[rows]);
        var needed = 1;
        while (needed < fastest && needed < rate / executors * meanRows * ticks[needed]) needed++;

        _capacity = capacity / meanRows;
        Load = rate / executors / _capacity;
        _full = Math.Max(ticks[1], slack - ticks[1]);
        var variance = FeltVariance * dispersion * Load * ticks[needed] / executors;
        _theta = Math.Clamp(2 * (1 - Load) / variance, -Sharpest / _full, Sharpest / _full);
        // The limit for theta -> 0.
        _isSquare = Math.Abs(_theta * _full) < 1e-3;
        _scale = _isSquare ? 1 / (2 * _full) : 1 / (Math.Exp(_theta * _full) - 1);
    }

    /// <summary>Entries lost to this much work.</summary>
    /// <param name="busyTicks">For which the executors are taken, all together.</param>
    /// <param name="entries">That wait besides.</param>
    public double Of(double busyTicks, int entries)
    {
        if (_capacity == 0) return 0;
        var served = _capacity * executors;
        return served * Loss(busyTicks / executors + entries / served);
    }

    private double Loss(double work)
    {
        var beyond = Math.Max(0, work - _full);
        work -= beyond;
        return beyond + _scale * (_isSquare ? work * work : (Math.Exp(_theta * work) - 1) / _theta - work);
    }
}
