using System.Diagnostics;
using System.Reflection;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Microbenchmarks;

namespace GrpcServing.IntegrationTests.Benchmarks;

/// <summary>The check of <c>dotnet run --project bench/GrpcServing.Microbenchmarks -- budgets</c>.</summary>
[Collection(Alone.Name)]
public sealed class BudgetTests
{
    /// <summary>Without optimisation the state of an async method is an object of its own: those paths keep their budget in Release only.</summary>
    private static readonly bool IsOptimized = typeof(ServingError).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;

    public static TheoryData<string> Paths => [.. Budget.All.Where(static budget => IsOptimized || !budget.IsAsync).Select(static budget => budget.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Path_OnceWarm_KeepsItsBudget(string path)
    {
        var budget = Budget.All.Single(budget => budget.Path == path);

        Assert.InRange(BudgetCheck.Measure(budget), 0, budget.Bytes);
    }

    [Fact]
    public void Check_OfAPathThatAllocates_Finds()
    {
        var budget = new Budget("allocates", 0, static () => new AllocatingPath());

        Assert.Equal(24 + 100, BudgetCheck.Measure(budget), tolerance: 8);
    }

    private sealed class AllocatingPath : MeasuredPath
    {
        private byte[] _last = [];

        public override void Run() => _last = new byte[100];

        protected override void Dispose(bool disposing) => _last = [];
    }
}
