namespace GrpcServing.Microbenchmarks.Shadowing;

/// <summary>64 answered requests through a shadow.</summary>
public class ShadowingMirror : PathBenchmark
{
    private protected override MeasuredPath Create() => new MirrorPath();
}
