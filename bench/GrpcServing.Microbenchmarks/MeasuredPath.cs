namespace GrpcServing.Microbenchmarks;

/// <summary>A stretch of the path of a request, set up to be run again and again: by BenchmarkDotNet and by the budget check.</summary>
internal abstract class MeasuredPath : IDisposable
{
    /// <summary>Requests, decisions or runs in one <see cref="Run"/>: what the budget counts.</summary>
    public virtual int Operations => 1;

    /// <summary>False: what other threads allocate counts too.</summary>
    public virtual bool IsOnOneThread => true;

    public abstract void Run();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
