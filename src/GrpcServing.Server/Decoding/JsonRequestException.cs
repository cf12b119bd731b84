namespace GrpcServing.Decoding;

/// <summary>The JSON is well formed but says something that a request cannot say. Caught by <see cref="JsonRequestReader"/>.</summary>
internal sealed class JsonRequestException(string message) : Exception(message);
