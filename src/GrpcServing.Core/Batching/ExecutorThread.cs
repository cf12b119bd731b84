using GrpcServing.Execution;

namespace GrpcServing.Batching;

/// <summary>The thread on which an executor's long batches run, so that they never hold one of the thread pool's few threads.</summary>
/// <remarks>Started with the first long batch; lives as long as the lane.</remarks>
internal sealed class ExecutorThread : IDisposable
{
    private readonly AutoResetEvent _work = new(initialState: false);
    private readonly BatchRun _run;
    private readonly BatchRunner _runner;
    private readonly BatchLoop _loop;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public ExecutorThread(BatchRun run, BatchRunner runner, BatchLoop loop)
    {
        _run = run;
        _runner = runner;
        _loop = loop;
        _thread = new Thread(Work) { IsBackground = true, Name = $"executor {run.Index}" };
        _thread.Start();
    }

    /// <summary>Runs the batch that was put into the run. Loop only, while the executor is free.</summary>
    public void Start() => _work.Set();

    /// <summary>Ends the thread. Loop only, while the executor is free.</summary>
    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        _thread.Join();
        _work.Dispose();
    }

    /// <summary>Lets go of a thread whose run may never end; if that ends after all, so does the thread.</summary>
    public void Abandon()
    {
        _stopping = true;
        _work.Set();
    }

    private void Work()
    {
        while (true)
        {
            _work.WaitOne();
            if (_stopping) return;
            _runner.Run(_run);
            _loop.Post(LaneEvent.Finished(_run));
        }
    }
}
