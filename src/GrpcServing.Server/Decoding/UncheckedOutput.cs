namespace GrpcServing.Decoding;

/// <summary>One output that the request asked for by name.</summary>
internal struct UncheckedOutput
{
    public string Name;

    /// <summary>Null = none. Set with <see cref="UncheckedParameter.TryPut"/>.</summary>
    public List<UncheckedParameter>? Parameters;
}
