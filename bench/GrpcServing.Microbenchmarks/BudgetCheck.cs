using System.Globalization;

namespace GrpcServing.Microbenchmarks;

/// <summary>Runs every path that has a budget and counts the managed bytes of each operation.</summary>
/// <remarks>
/// The first stretch within the budget is enough, and the least of all counts otherwise: a queue or a cache that grows once more than ever
/// before is no steady cost, and neither is what another thread of the process allocates meanwhile.
/// </remarks>
internal static class BudgetCheck
{
    private const int Stretches = 20;
    private const int WarmUpRuns = 1000;
    private const int RunsPerStretch = 200;

    /// <returns>Exit code: 0 when every path keeps its budget.</returns>
    public static int Run(TextWriter output)
    {
        var exceeded = 0;
        foreach (var budget in Budget.All)
        {
            var found = Measure(budget);
            var isExceeded = found > budget.Bytes;
            if (isExceeded) exceeded++;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{budget.Path,-52} {found,8:0.#} B of {budget.Bytes,5} B{(isExceeded ? "  EXCEEDED" : "")}"));
        }
        return exceeded == 0 ? 0 : 1;
    }

    /// <returns>Managed bytes of an operation.</returns>
    public static double Measure(Budget budget)
    {
        using var path = budget.Create();
        for (var i = 0; i < WarmUpRuns; i++) path.Run();
        var least = double.MaxValue;
        for (var stretch = 0; stretch < Stretches && least > budget.Bytes; stretch++)
        {
            var before = Allocated(path);
            for (var i = 0; i < RunsPerStretch; i++) path.Run();
            least = Math.Min(least, (double)(Allocated(path) - before) / RunsPerStretch / path.Operations);
        }
        return least;
    }

    private static long Allocated(MeasuredPath path) => path.IsOnOneThread ? GC.GetAllocatedBytesForCurrentThread() : GC.GetTotalAllocatedBytes(precise: true);
}
