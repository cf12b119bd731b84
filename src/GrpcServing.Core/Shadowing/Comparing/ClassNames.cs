using System.Text;

namespace GrpcServing.Shadowing;

/// <summary>Gives numbers to labels that are text, in the order they appear; a bounded number of them.</summary>
/// <remarks>One owner. No allocation for a label that is known, or that has no place: too many, too long, or not UTF-8.</remarks>
internal sealed class ClassNames
{
    public const int MaxNames = 1000;
    public const int MaxBytes = 128;

    private readonly List<string> _names = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _numbers = new Dictionary<string, int>().GetAlternateLookup<ReadOnlySpan<char>>();

    public string this[int number] => _names[number];

    /// <summary>The label's number, or <see cref="PairComparison.NoClass"/>.</summary>
    public int Number(ReadOnlySpan<byte> label)
    {
        if (label.Length > MaxBytes) return PairComparison.NoClass;
        Span<char> text = stackalloc char[MaxBytes];
        if (!Encoding.UTF8.TryGetChars(label, text, out var length)) return PairComparison.NoClass;
        var name = text[..length];
        if (_numbers.TryGetValue(name, out var number)) return number;
        if (_names.Count == MaxNames) return PairComparison.NoClass;

        _numbers[name] = _names.Count;
        _names.Add(name.ToString());
        return _names.Count - 1;
    }
}
