using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public class EagerQueueTests
{
    /// <summary>
    /// Inoue 2019 (arXiv 1912.06322): Poisson arrivals, all that waits is taken at once, l = a b + c, no deadline. The bound on the mean
    /// time in the system is known to be within a few percent, nearer the higher the load.
    /// </summary>
    [Theory]
    [InlineData(0.3, 0.03)]
    [InlineData(0.5, 0.01)]
    [InlineData(0.7, 0.01)]
    [InlineData(0.9, 0.03)]
    public void Eager_PoissonArrivals_MeanLatencyMatchesTheFormula(double load, double tolerance)
    {
        const double a = 1.082e-3;
        const double c = 5.204e-3;
        var trace = new Workload(5).Create(ArrivalProcess.Poisson, load / a, 200_000, [1000], [1]);
        // Near saturation the chance deviation of the trace's own rate would outweigh what is tested.
        load = a * trace.Length / (trace[^1].At / 1e9);
        var formula = 1.5 * c / (1 - load) + a / 2 * (load + 2) / (1 - load * load);

        var mean = MeanLatency.OfEager(Profile.Linear(a, c, 2000), trace);

        Assert.InRange(mean / formula, 1 - tolerance, 1 + tolerance);
    }
}
