namespace GrpcServing.Decoding;

/// <summary>How a field is laid out in the protobuf wire format: the low three bits of its tag.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}
