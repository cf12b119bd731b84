using System.Buffers;
using System.Buffers.Binary;

namespace GrpcServing.Decoding;

/// <summary>Reads the primitives of the protobuf wire format from a payload in one or many pieces.</summary>
/// <remarks>
/// <para>
/// Every <c>Try</c> that returns false has left the reason in <see cref="Fault"/>; the payload is malformed and reading is over.
/// Nothing is read past the end of the message entered last, and no length is believed before that many bytes are known to be there.
/// </para>
/// <para>
/// Accepts what the generated parser accepts, with two exceptions that no encoder writes: that parser reads on after the wire types 6
/// and 7 inside map entries, and after a negative length of a packed field. A copy looks ahead without moving the original.
/// </para>
/// </remarks>
internal ref struct WireCursor
{
    private const int MaxVarintBytes = 10;

    private readonly ReadOnlySequence<byte> _payload;
    private SequencePosition _next;
    private ReadOnlySpan<byte> _piece;
    private int _at;
    private int _end; // of what may be read of the piece: its own end, or the limit
    private long _before; // bytes in the pieces before this one
    private long _limit;

    public WireCursor(in ReadOnlySequence<byte> payload)
    {
        _payload = payload;
        _next = payload.Start;
        _limit = payload.Length;
    }

    /// <summary>What is wrong with the payload; null as long as nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>Bytes read.</summary>
    public readonly long Position => _before + _at;

    /// <summary>Bytes left of the message entered last.</summary>
    public readonly long Remaining => _limit - Position;

    public bool Fail(string fault)
    {
        Fault ??= FormattableString.Invariant($"{fault} (byte {Position} of {_payload.Length})");
        return false;
    }

    /// <param name="tag">0 at the end of the message.</param>
    public bool TryReadTag(out uint tag)
    {
        tag = 0;
        if (Remaining == 0) return true;
        if (!TryReadVarint(out var value)) return false;
        tag = (uint)value;
        return tag >> 3 != 0 || Fail("a field has the number 0");
    }

    public bool TryReadVarint(out ulong value)
    {
        if (_at < _end && _piece[_at] < 0x80)
        {
            value = _piece[_at++];
            return true;
        }
        return TryReadLongVarint(out value);
    }

    public bool TryReadFixed32(out uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        var read = TryCopyTo(bytes);
        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return read;
    }

    public bool TryReadFixed64(out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        var read = TryCopyTo(bytes);
        value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return read;
    }

    /// <summary>Reads a length and checks that so many bytes follow.</summary>
    public bool TryReadLength(out int length)
    {
        length = 0;
        if (!TryReadVarint(out var value)) return false;
        length = unchecked((int)(uint)value);
        if (length < 0) return Fail("a length is negative");
        return length <= Remaining || Fail(FormattableString.Invariant($"a field claims {length} bytes where {Remaining} are left"));
    }

    /// <summary>Enters a nested message: from now on it ends where its length says.</summary>
    /// <param name="outer">For <see cref="Leave"/>.</param>
    public bool TryEnter(out long outer)
    {
        outer = _limit;
        if (!TryReadLength(out var length)) return false;
        SetLimit(Position + length);
        return true;
    }

    /// <summary>Goes on with the message around the one just read to its end.</summary>
    public void Leave(long outer) => SetLimit(outer);

    /// <summary>Takes the next bytes without a copy where they lie in one piece.</summary>
    /// <returns>False, and nothing read, when they do not. Not a fault.</returns>
    public bool TryTake(int length, out ReadOnlySpan<byte> bytes)
    {
        if (_at == _end) Refill();
        if (length > _end - _at)
        {
            bytes = default;
            return false;
        }
        bytes = _piece.Slice(_at, length);
        _at += length;
        return true;
    }

    public bool TryCopyTo(scoped Span<byte> destination)
    {
        if (destination.Length > Remaining) return Fail("the message ends inside a field");
        while (true)
        {
            var length = Math.Min(destination.Length, _end - _at);
            _piece.Slice(_at, length).CopyTo(destination);
            _at += length;
            destination = destination[length..];
            if (destination.IsEmpty) return true;
            Refill();
        }
    }

    /// <summary>Counts the varints in the next bytes without reading them: those bytes that end one.</summary>
    public readonly int CountVarints(int length)
    {
        var ahead = this;
        var count = 0;
        while (length > 0)
        {
            if (ahead._at == ahead._end) ahead.Refill();
            var bytes = ahead._piece[ahead._at..Math.Min(ahead._end, ahead._at + length)];
            foreach (var value in bytes) count += (value >> 7) ^ 1;
            ahead._at += bytes.Length;
            length -= bytes.Length;
        }
        return count;
    }

    /// <summary>Passes over a field whose tag was read last.</summary>
    /// <param name="groupsLeft">How deep groups may be nested from here.</param>
    public bool TrySkip(uint tag, int groupsLeft)
    {
        switch ((WireType)(tag & 7))
        {
            case WireType.Varint:
                return TryReadVarint(out _);
            case WireType.Fixed32:
                return TrySkipBytes(sizeof(uint));
            case WireType.Fixed64:
                return TrySkipBytes(sizeof(ulong));
            case WireType.LengthDelimited:
                return TryReadLength(out var length) && TrySkipBytes(length);
            case WireType.StartGroup:
                return TrySkipGroup(tag >> 3, groupsLeft);
            case WireType.EndGroup:
                return Fail("a group ends that did not begin");
            default:
                return Fail(FormattableString.Invariant($"field {tag >> 3} has the unknown wire type {tag & 7}"));
        }
    }

    private bool TrySkipGroup(uint field, int groupsLeft)
    {
        if (groupsLeft <= 0) return Fail("groups are nested too deeply");
        while (true)
        {
            if (!TryReadTag(out var tag)) return false;
            if (tag == 0) return Fail("the message ends inside a group");
            if ((WireType)(tag & 7) == WireType.EndGroup) return tag >> 3 == field || Fail("a group ends that did not begin");
            if (!TrySkip(tag, groupsLeft - 1)) return false;
        }
    }

    public bool TrySkipBytes(int length)
    {
        if (length > Remaining) return Fail("the message ends inside a field");
        while (true)
        {
            var skipped = Math.Min(length, _end - _at);
            _at += skipped;
            length -= skipped;
            if (length == 0) return true;
            Refill();
        }
    }

    private bool TryReadLongVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < MaxVarintBytes; i++)
        {
            if (_at == _end && !Refill()) return Fail("the message ends inside a number");
            var next = _piece[_at++];
            value |= (ulong)(next & 0x7f) << (7 * i);
            if (next < 0x80) return true;
        }
        return Fail("a number is longer than 10 bytes");
    }

    private void SetLimit(long limit)
    {
        _limit = limit;
        _end = (int)Math.Min(_piece.Length, _limit - _before);
    }

    /// <summary>Moves to the next piece that is not empty.</summary>
    /// <returns>False at the limit.</returns>
    private bool Refill()
    {
        while (_at == _end)
        {
            if (Position == _limit || !_payload.TryGet(ref _next, out var memory)) return false;
            _before += _piece.Length;
            _piece = memory.Span;
            _at = 0;
            SetLimit(_limit);
        }
        return true;
    }
}
