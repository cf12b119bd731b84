using BenchmarkDotNet.Running;
using GrpcServing.Microbenchmarks;

return args switch
{
    ["budgets"] => BudgetCheck.Run(Console.Out),
    _ => BenchmarkSwitcher.FromAssembly(typeof(BudgetCheck).Assembly).Run(args).Any() ? 0 : 1,
};
