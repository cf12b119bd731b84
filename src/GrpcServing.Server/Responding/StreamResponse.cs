namespace GrpcServing.Responding;

/// <summary>One message of a response stream: an answer, or why there is none.</summary>
internal sealed class StreamResponse : IWireMessage
{
    private StreamResponse(InferenceResponse? answer, string id, string errorMessage)
    {
        Answer = answer;
        Id = id;
        ErrorMessage = errorMessage;
    }

    /// <summary>Null when the request failed.</summary>
    public InferenceResponse? Answer { get; }

    /// <summary>The caller's id; "" when none was sent.</summary>
    public string Id { get; }

    /// <summary>"" when the request succeeded.</summary>
    public string ErrorMessage { get; }

    /// <param name="answer">Owned by the stream message from now on.</param>
    public static StreamResponse Success(InferenceResponse answer) => new(answer, answer.Id, "");

    /// <param name="error">Its message must not be empty: that is how clients tell failure from success.</param>
    public static StreamResponse Failure(string id, ServingError error) => new(null, id, error.Message);

    public long WireSize() => WireWriter.Size(this);

    public void WriteTo(ref WireOutput output) => WireWriter.Write(this, ref output);

    public void Release() => Answer?.Release();
}
