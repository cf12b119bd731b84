using System.Text;

namespace GrpcServing.Shadowing;

/// <summary>Reads lines of 0 and 1 from a stream of any length.</summary>
/// <remarks>
/// Spaces around the digit, blank lines, a byte order mark, LF or CRLF, and a last line without one are fine. Memory does not depend on
/// the length of the input or of its lines.
/// </remarks>
internal sealed class PairReader(Stream input)
{
    private const int Quoted = 60;

    private readonly byte[] _buffer = new byte[1 << 16];
    private int _at;
    private int _end;
    private readonly List<byte> _text = new(Quoted + 1);
    private long _line = 1;
    private bool _started;

    /// <summary>The next pair, true for a 1; null at the end.</summary>
    /// <exception cref="InvalidDataException">A line is something else; the message names its number and its text.</exception>
    public bool? Next()
    {
        bool? pair = null;
        SkipByteOrderMark();
        while (true)
        {
            var next = Read();
            if (next < 0) return pair;
            switch ((char)next)
            {
                case '\n':
                    _line++;
                    _text.Clear();
                    if (pair is not null) return pair;
                    break;
                case ' ' or '\t' or '\r':
                    break;
                case '0' or '1' when pair is null:
                    pair = next == '1';
                    break;
                default:
                    throw new InvalidDataException($"line {_line}: expected 0 or 1, found '{WholeLine()}'.");
            }
        }
    }

    private int Read()
    {
        if (_at == _end)
        {
            _end = input.Read(_buffer);
            _at = 0;
            if (_end == 0) return -1;
        }
        var read = _buffer[_at++];
        if (_text.Count <= Quoted) _text.Add(read);
        return read;
    }

    private void SkipByteOrderMark()
    {
        if (_started) return;
        _started = true;
        _end = input.ReadAtLeast(_buffer, 3, throwOnEndOfStream: false);
        if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8)) _at = 3;
    }

    /// <summary>The line that is being read, cut when it is long, as text that a terminal can show.</summary>
    private string WholeLine()
    {
        while (_text.Count <= Quoted && Read() is >= 0 and not '\n')
        {
            // Reading collects it.
        }
        var text = new StringBuilder(Encoding.UTF8.GetString([.. _text.Take(Quoted)]).Trim());
        for (var i = 0; i < text.Length; i++)
            if (char.IsControl(text[i])) text[i] = '?';
        return _text.Count > Quoted ? $"{text}..." : text.ToString();
    }
}
