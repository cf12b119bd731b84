namespace GrpcServing.Decoding;

/// <summary>One input tensor as the request gave it; nothing of it has been compared with a model.</summary>
/// <remarks>Lives in its request's array and is filled in place. Its shape is <see cref="UncheckedRequest.Shape"/>.</remarks>
internal struct UncheckedInput
{
    public string Name;

    /// <summary>The datatype's name, any text.</summary>
    public string Datatype;

    /// <summary>Where the elements are, and so in which form <see cref="Elements"/> holds them.</summary>
    public ContentsFields Contents;

    /// <summary>The elements, unless they are in <see cref="UncheckedRequest.RawContents"/>.</summary>
    public BodySlice Elements;

    /// <summary>Null = none. Set with <see cref="UncheckedParameter.TryPut"/>.</summary>
    public List<UncheckedParameter>? Parameters;

    /// <summary>Index of the first dimension among those of all inputs; kept by the request.</summary>
    internal int FirstDimension;

    /// <summary>Dimensions; kept by the request.</summary>
    internal int Rank;
}
