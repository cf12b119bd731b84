namespace GrpcServing.Replaying;

/// <summary>How far a long work is, on one line of the terminal; nothing where there is none.</summary>
internal sealed class ProgressBar(TextWriter output, Stream file, TimeProvider time)
{
    private const int Width = 40;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _isTerminal = ReferenceEquals(output, Console.Error) && !Console.IsErrorRedirected && file.CanSeek;
    private long _shownAt;

    public void Show(long requests)
    {
        if (!_isTerminal || (_shownAt != 0 && time.GetElapsedTime(_shownAt) < Interval)) return;
        _shownAt = time.GetTimestamp();
        var share = file.Length == 0 ? 1 : (double)file.Position / file.Length;
        var filled = (int)(share * Width);
        output.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {share:P0} {requests} requests ");
    }

    public void Clear()
    {
        if (_isTerminal) output.Write("\r\u001b[K");
    }
}
