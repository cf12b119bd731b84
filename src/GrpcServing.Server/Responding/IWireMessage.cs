namespace GrpcServing.Responding;

/// <summary>A response that knows its own protobuf form.</summary>
internal interface IWireMessage
{
    /// <summary>Exactly the bytes that <see cref="WriteTo"/> will write.</summary>
    long WireSize();

    void WriteTo(ref WireOutput output);

    /// <summary>Gives up the memory of the outputs. The first call counts: the writer's, or that of whoever finds that nothing was written.</summary>
    void Release();
}
