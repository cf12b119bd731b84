using System.Buffers;
using GrpcServing.Execution;

namespace GrpcServing.Decoding;

/// <summary>Reads a <c>ModelInferRequest</c> from its bytes, without message objects and with one copy of the elements.</summary>
/// <remarks>
/// Accepts what the generated parser accepts and understands it the same way: fields in any order, unknown fields, packed or not,
/// singular messages in several parts, the last one of several scalars. It refuses what that refuses, and in addition more tensors,
/// dimensions or parameters than <see cref="UncheckedRequest"/> takes. Nothing is allocated for a length that is merely claimed.
/// </remarks>
internal static class WireReader
{
    /// <summary>How deep the generated parser lets messages and groups nest.</summary>
    internal const int MaxDepth = 100;

    /// <summary>Never throws for what the bytes are: a malformed message is an <see cref="UncheckedRequest.Error"/>.</summary>
    /// <returns>The caller's, to be released once.</returns>
    public static UncheckedRequest Read(in ReadOnlySequence<byte> payload, TensorPool pool)
    {
        var request = UncheckedRequest.Rent(pool);
        var cursor = new WireCursor(payload);
        if (!TryReadRequest(ref cursor, request))
            request.Fail(ServingError.Invalid($"the request is not a valid ModelInferRequest message: {cursor.Fault}"));
        return request;
    }

    private static bool TryReadRequest(ref WireCursor cursor, UncheckedRequest request)
    {
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            string text;
            switch (tag)
            {
                case 0:
                    return true;
                case RequestTags.ModelName:
                    if (!WireText.TryReadName(ref cursor, "model_name", out text)) return false;
                    request.ModelName = text;
                    break;
                case RequestTags.ModelVersion:
                    if (!WireText.TryReadName(ref cursor, "model_version", out text)) return false;
                    request.ModelVersion = text;
                    break;
                case RequestTags.Id:
                    if (!WireText.TryRead(ref cursor, "id", out text)) return false;
                    request.Id = text;
                    break;
                case RequestTags.Parameters:
                    if (!WireParameters.TryRead(ref cursor, request.Parameters, depth: 0)) return false;
                    break;
                case RequestTags.Inputs:
                    if (!TryReadInput(ref cursor, request)) return false;
                    break;
                case RequestTags.Outputs:
                    if (!TryReadOutput(ref cursor, request)) return false;
                    break;
                case RequestTags.RawInputContents:
                    if (!TryReadRawContents(ref cursor, request)) return false;
                    break;
                default:
                    if (!cursor.TrySkip(tag, MaxDepth)) return false;
                    break;
            }
        }
    }

    private static bool TryReadInput(ref WireCursor cursor, UncheckedRequest request)
    {
        if (request.InputCount == UncheckedRequest.MaxTensors) return TooMany(ref cursor, "inputs");
        ref var input = ref request.AddInput();
        if (!cursor.TryEnter(out var outer)) return false;
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            switch (tag)
            {
                case 0:
                    cursor.Leave(outer);
                    return true;
                case InputTags.Name:
                    if (!WireText.TryReadName(ref cursor, "inputs.name", out input.Name)) return false;
                    break;
                case InputTags.Datatype:
                    if (!WireText.TryReadName(ref cursor, "inputs.datatype", out input.Datatype)) return false;
                    break;
                case InputTags.Dimension:
                    if (!TryReadDimension(ref cursor, request)) return false;
                    break;
                case InputTags.PackedShape:
                    if (!TryReadShape(ref cursor, request)) return false;
                    break;
                case InputTags.Parameters:
                    if (!WireParameters.TryRead(ref cursor, input.Parameters ??= [], depth: 1)) return false;
                    break;
                case InputTags.Contents:
                    if (!WireContents.TryRead(ref cursor, request, ref input)) return false;
                    break;
                default:
                    if (!cursor.TrySkip(tag, MaxDepth - 1)) return false;
                    break;
            }
        }
    }

    private static bool TryReadShape(ref WireCursor cursor, UncheckedRequest request)
    {
        if (!cursor.TryEnter(out var outer)) return false;
        while (cursor.Remaining > 0)
            if (!TryReadDimension(ref cursor, request)) return false;
        cursor.Leave(outer);
        return true;
    }

    private static bool TryReadDimension(ref WireCursor cursor, UncheckedRequest request)
    {
        if (!cursor.TryReadVarint(out var dimension)) return false;
        return request.TryAddDimension(unchecked((long)dimension)) ||
            cursor.Fail(FormattableString.Invariant($"an input has more than {UncheckedRequest.MaxRank} dimensions"));
    }

    private static bool TryReadOutput(ref WireCursor cursor, UncheckedRequest request)
    {
        if (request.OutputCount == UncheckedRequest.MaxTensors) return TooMany(ref cursor, "outputs");
        ref var output = ref request.AddOutput();
        if (!cursor.TryEnter(out var outer)) return false;
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            switch (tag)
            {
                case 0:
                    cursor.Leave(outer);
                    return true;
                case OutputTags.Name:
                    if (!WireText.TryReadName(ref cursor, "outputs.name", out output.Name)) return false;
                    break;
                case OutputTags.Parameters:
                    if (!WireParameters.TryRead(ref cursor, output.Parameters ??= [], depth: 1)) return false;
                    break;
                default:
                    if (!cursor.TrySkip(tag, MaxDepth - 1)) return false;
                    break;
            }
        }
    }

    private static bool TryReadRawContents(ref WireCursor cursor, UncheckedRequest request)
    {
        if (request.RawContentsCount == UncheckedRequest.MaxTensors) return TooMany(ref cursor, "raw_input_contents");
        if (!cursor.TryReadLength(out var length)) return false;
        var offset = request.BodyLength;

        // Raw entries come last in canonical order: what is left of the message is then little more than the rest of them.
        if (!request.TryExtend(length, out var region, expected: cursor.Remaining)) return WireContents.TooLarge(ref cursor);
        request.AddRawContents(new BodySlice(offset, length));
        return cursor.TryCopyTo(region);
    }

    private static bool TooMany(ref WireCursor cursor, string what) =>
        cursor.Fail(FormattableString.Invariant($"it has more than {UncheckedRequest.MaxTensors} {what}"));

    private static class RequestTags
    {
        public const uint ModelName = (1 << 3) | (uint)WireType.LengthDelimited;
        public const uint ModelVersion = (2 << 3) | (uint)WireType.LengthDelimited;
        public const uint Id = (3 << 3) | (uint)WireType.LengthDelimited;
        public const uint Parameters = (4 << 3) | (uint)WireType.LengthDelimited;
        public const uint Inputs = (5 << 3) | (uint)WireType.LengthDelimited;
        public const uint Outputs = (6 << 3) | (uint)WireType.LengthDelimited;
        public const uint RawInputContents = (7 << 3) | (uint)WireType.LengthDelimited;
    }

    private static class InputTags
    {
        public const uint Name = (1 << 3) | (uint)WireType.LengthDelimited;
        public const uint Datatype = (2 << 3) | (uint)WireType.LengthDelimited;
        public const uint Dimension = (3 << 3) | (uint)WireType.Varint;
        public const uint PackedShape = (3 << 3) | (uint)WireType.LengthDelimited;
        public const uint Parameters = (4 << 3) | (uint)WireType.LengthDelimited;
        public const uint Contents = (5 << 3) | (uint)WireType.LengthDelimited;
    }

    private static class OutputTags
    {
        public const uint Name = (1 << 3) | (uint)WireType.LengthDelimited;
        public const uint Parameters = (2 << 3) | (uint)WireType.LengthDelimited;
    }
}
