namespace GrpcServing.Decoding;

/// <summary>Some bytes of <see cref="UncheckedRequest.Body"/>.</summary>
internal readonly record struct BodySlice(int Offset, int Length);
