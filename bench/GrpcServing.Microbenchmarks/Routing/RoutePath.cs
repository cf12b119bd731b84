using GrpcServing.Routing;

namespace GrpcServing.Microbenchmarks.Routing;

/// <summary>Finds the version that answers, leases it and gives it back.</summary>
/// <param name="version">As a request names it; "" for the newest.</param>
internal sealed class RoutePath(string version) : MeasuredPath
{
    private readonly LoadedDigits _digits = new();
    private Router? _router;

    public override void Run()
    {
        _router ??= new Router(_digits.Repository);
        var error = _router.TryLease("digits", version, out var leased);
        if (!error.IsNone) throw new InvalidOperationException(error.Message);
        leased!.Return();
    }

    protected override void Dispose(bool disposing) => _digits.Dispose();
}

public class RoutingNewest : PathBenchmark
{
    private protected override MeasuredPath Create() => new RoutePath("");
}

public class RoutingNamedVersion : PathBenchmark
{
    private protected override MeasuredPath Create() => new RoutePath("1");
}
