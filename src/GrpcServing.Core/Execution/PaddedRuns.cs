namespace GrpcServing.Execution;

/// <summary>The pieces in which a row lies inside a larger one that it was padded to, in ascending order. Counted in elements.</summary>
/// <remarks>Both row-major, of one rank; the own dimensions are the first part of each padded one.</remarks>
internal struct PaddedRuns
{
    private readonly long[] _own;
    private readonly long[] _padded;

    // The last axis that differs: everything from it on is one piece.
    private readonly int _axis;
    private readonly long _count;
    private readonly long _paddedLength;
    private long _next;

    public PaddedRuns(long[] own, long[] padded)
    {
        (_own, _padded) = (own, padded);
        _axis = own.Length - 1;
        while (_axis > 0 && own[_axis] == padded[_axis]) _axis--;
        _count = 1;
        for (var i = 0; i < _axis; i++) _count *= own[i];
        (Length, _paddedLength) = (1, 1);
        for (var i = Math.Max(0, _axis); i < own.Length; i++)
        {
            Length *= own[i];
            _paddedLength *= padded[i];
        }
        if (Length == 0) _count = 0;
    }

    /// <summary>Elements of a piece; of every one the same.</summary>
    public long Length { get; }

    /// <summary>Where the piece begins in the row itself.</summary>
    public readonly long OwnOffset => (_next - 1) * Length;

    /// <summary>Where it begins in the padded row.</summary>
    public long PaddedOffset { get; private set; }

    public bool MoveNext()
    {
        if (_next == _count) return false;
        var (index, stride, offset) = (_next++, _paddedLength, 0L);
        for (var i = _axis - 1; i >= 0; i--)
        {
            offset += index % _own[i] * stride;
            index /= _own[i];
            stride *= _padded[i];
        }
        PaddedOffset = offset;
        return true;
    }
}
