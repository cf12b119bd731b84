using System.Runtime.CompilerServices;

namespace GrpcServing.Microbenchmarks;

/// <summary>A path that so many callers take at once; a run ends with the last of them.</summary>
/// <remarks>The callers themselves allocate nothing: no async method, whose state would count.</remarks>
internal abstract class ConcurrentPath<TResult> : MeasuredPath
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
    protected abstract ValueTask<TResult> Begin(int caller);

    /// <summary>Takes its answer. Any thread.</summary>
    protected abstract void End(int caller, TResult result);

    protected override void Dispose(bool disposing) => _underWay.Dispose();

    private sealed class Caller
    {
        private readonly ConcurrentPath<TResult> _path;
        private readonly int _index;
        private readonly Action _end;
        private ConfiguredValueTaskAwaitable<TResult>.ConfiguredValueTaskAwaiter _answer;

        public Caller(ConcurrentPath<TResult> path, int index)
        {
            (_path, _index) = (path, index);
            _end = End;
        }

        public void Begin() => Await(_path.Begin(_index));

        private void Await(ValueTask<TResult> answer)
        {
            _answer = answer.ConfigureAwait(false).GetAwaiter();
            if (_answer.IsCompleted) End();
            else _answer.UnsafeOnCompleted(_end);
        }

        private void End()
        {
            try
            {
                _path.End(_index, _answer.GetResult());
            }
            catch (Exception failure)
            {
                _path._failure = failure;
            }
            _path._underWay.Signal();
        }
    }
}
