using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>What the pipeline answers.</summary>
/// <param name="Response">Null on an error. Written and released by the front end.</param>
internal readonly record struct InferenceAnswer(InferenceResponse? Response, ServingError Error);
