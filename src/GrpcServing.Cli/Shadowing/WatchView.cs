using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Shadowing;

/// <summary>Shows a status over the one before: in place on a terminal, as one line after the other elsewhere.</summary>
internal sealed class WatchView(TextWriter output)
{
    private readonly bool _isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
    private int _shown;

    public void Show(ShadowStatus status)
    {
        if (!_isTerminal)
        {
            output.WriteLine(StatusText.Line(status));
            output.Flush();
            return;
        }
        // Up to the first line of the last status, then erase to the end of the screen.
        if (_shown > 0) output.Write($"\u001b[{_shown}A\r\u001b[J");
        _shown = 0;
        var width = Math.Max(20, Console.WindowWidth - 1);
        foreach (var line in StatusText.Lines(status))
        {
            output.WriteLine(line.Length > width ? line[..width] : line);
            _shown++;
        }
        output.Flush();
    }
}
