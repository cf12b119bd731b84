using System.Runtime.CompilerServices;

namespace GrpcServing.Microbenchmarks;

/// <summary>A path that so many callers take at once; a run ends with the last of them.</summary>
/// <remarks>The callers themselves allocate nothing: no async method, whose state would count, but the awaiter of whatever the path gives.</remarks>
internal abstract class ConcurrentPath<TAwaiter> : MeasuredPath
    where TAwaiter : struct, ICriticalNotifyCompletion
{
    private readonly Caller[] _callers;
    private readonly CountdownEvent _underWay;
    private Exception? _failure;

    protected ConcurrentPath(int callers)
    {
        _callers = [.. Enumerable.Range(0, callers).Select(index => new Caller(this, index))];
        _underWay = new CountdownEvent(callers);
    }

    public sealed override int Operations => _callers.Length;

    public sealed override bool IsOnOneThread => false;

    public sealed override void Run()
    {
        _underWay.Reset();
        foreach (var caller in _callers) caller.Begin();
        _underWay.Wait();
        if (_failure is not null) throw _failure;
    }

    /// <summary>Sends a caller's request.</summary>
    protected abstract TAwaiter Begin(int caller);

    protected abstract bool IsCompleted(in TAwaiter awaiter);

    /// <summary>Takes its answer. Any thread.</summary>
    protected abstract void End(int caller, TAwaiter awaiter);

    protected override void Dispose(bool disposing) => _underWay.Dispose();

    private sealed class Caller
    {
        private readonly ConcurrentPath<TAwaiter> _path;
        private readonly int _index;
        private readonly Action _end;
        private TAwaiter _awaiter;

        public Caller(ConcurrentPath<TAwaiter> path, int index)
        {
            (_path, _index) = (path, index);
            _end = End;
        }

        public void Begin()
        {
            _awaiter = _path.Begin(_index);
            if (_path.IsCompleted(_awaiter)) End();
            else _awaiter.UnsafeOnCompleted(_end);
        }

        private void End()
        {
            try
            {
                _path.End(_index, _awaiter);
            }
            catch (Exception failure)
            {
                _path._failure = failure;
            }
            _path._underWay.Signal();
        }
    }
}
