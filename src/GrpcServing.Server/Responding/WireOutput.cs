using System.Buffers;
using System.Text;

namespace GrpcServing.Responding;

/// <summary>Writes fields in the protobuf wire format. Field numbers are below 16.</summary>
/// <remarks>Bytes go out in pieces as large as the writer gives: it is never asked for room for a whole tensor.</remarks>
internal ref struct WireOutput(IBufferWriter<byte> writer)
{
    private const int MaxVarintBytes = 10;
    private const int LengthDelimited = 2;

    private readonly IBufferWriter<byte> _writer = writer;
    private Span<byte> _free;
    private int _used;

    /// <summary>Tag and length of a field; so many bytes are to follow.</summary>
    public void WriteHeader(int field, long bytes)
    {
        Reserve(1 + MaxVarintBytes);
        _free[_used++] = (byte)((field << 3) | LengthDelimited);
        WriteVarint((ulong)bytes);
    }

    /// <summary>Nothing for "".</summary>
    public void WriteText(int field, string text)
    {
        if (text.Length == 0) return;
        var bytes = Encoding.UTF8.GetByteCount(text);
        WriteHeader(field, bytes);
        Reserve(bytes);
        _used += Encoding.UTF8.GetBytes(text, _free[_used..]);
    }

    public void WriteBytes(int field, scoped ReadOnlySpan<byte> bytes)
    {
        WriteHeader(field, bytes.Length);
        Write(bytes);
    }

    public void WritePacked(int field, ReadOnlySpan<long> values)
    {
        if (values.IsEmpty) return;
        WriteHeader(field, WireSize.Packed(values));
        foreach (var value in values)
        {
            Reserve(MaxVarintBytes);
            WriteVarint(unchecked((ulong)value));
        }
    }

    private void Write(scoped ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Reserve(1);
            var length = Math.Min(bytes.Length, _free.Length - _used);
            bytes[..length].CopyTo(_free[_used..]);
            _used += length;
            bytes = bytes[length..];
        }
    }

    /// <summary>Hands the last bytes to the writer.</summary>
    public void Flush()
    {
        _writer.Advance(_used);
        _free = default;
        _used = 0;
    }

    private void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _free[_used++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _free[_used++] = (byte)value;
    }

    private void Reserve(int bytes)
    {
        if (_free.Length - _used >= bytes) return;
        Flush();
        _free = _writer.GetSpan(bytes);
    }
}
