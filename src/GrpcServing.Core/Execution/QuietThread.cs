using System.Runtime.ExceptionServices;

namespace GrpcServing.Execution;

/// <summary>A thread of the lowest priority that runs a model for another, which waits: so that the model, and nothing else, gives way to all others.</summary>
/// <remarks>
/// Nothing else, because what runs at that priority may stand still at any instruction. A lock held then stops those who are not to be
/// disturbed; and a thread that it starts, a thread of the pool for example, inherits the priority for good. So the thread that waits gathers,
/// scatters and answers, at its own priority; this one takes no lock but that of its semaphores. Made for one caller at a time.
/// </remarks>
internal sealed class QuietThread : IDisposable
{
    private readonly SemaphoreSlim _work = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private readonly Action<string> _notLowered;
    private Thread? _thread;
    private Executor? _executor;
    private ExceptionDispatchInfo? _failure;
    private string? _complaint;
    private volatile bool _stopping;
    private volatile ThreadProbe? _probe;
    private long _cpuBefore;
    private volatile bool _isRunning;

    /// <param name="notLowered">Told why the system did not lower the priority, on a thread of a caller.</param>
    public QuietThread(Action<string> notLowered) => _notLowered = notLowered;

    /// <summary>Processor time of the last run in nanoseconds; 0 where the system does not tell.</summary>
    public long CpuNanoseconds { get; private set; }

    /// <summary>How far the run is that is under way. Any thread.</summary>
    /// <returns>Null where the system does not tell.</returns>
    public ThreadProgress? Progress() =>
        _probe?.Read() is { } read ? read with { CpuNanoseconds = _isRunning ? read.CpuNanoseconds - Volatile.Read(ref _cpuBefore) : 0 } : null;

    /// <summary>Runs what the executor has bound. Blocks until it has ended.</summary>
    /// <exception cref="ExecutionException">As <see cref="Executor.Run"/>.</exception>
    public void Run(Executor executor)
    {
        if (_thread is null)
        {
            _thread = new Thread(Work) { IsBackground = true, Name = "shadow run" };
            _thread.Start();
        }
        _executor = executor;
        _work.Release();
        _done.Wait();
        if (Interlocked.Exchange(ref _complaint, null) is { } complaint) _notLowered(complaint);
        var failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Ends the thread; while nothing runs.</summary>
    public void Dispose()
    {
        _stopping = true;
        _work.Release();
        _thread?.Join();
        _work.Dispose();
        _done.Dispose();
    }

    private void Work()
    {
        _probe = ThreadProbe.OfThisThread();
        _complaint = LowestPriority.TakeOn();
        while (true)
        {
            _work.Wait();
            if (_stopping) return;
            var before = ThreadClock.Nanoseconds();
            Volatile.Write(ref _cpuBefore, before);
            _isRunning = true;
            try
            {
                _executor!.Run();
            }
            catch (Exception failure)
            {
                // Every one: it is the caller's to tell a failed model from a bug.
                _failure = ExceptionDispatchInfo.Capture(failure);
            }
            _isRunning = false;
            CpuNanoseconds = ThreadClock.Nanoseconds() - before;
            _done.Release();
        }
    }
}
