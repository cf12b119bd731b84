using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Endpoints;

/// <summary>A request in a lane, between <see cref="InferencePipeline.Begin"/> and <see cref="InferencePipeline.End"/>. Default = it came to none.</summary>
/// <param name="Arrived">In ticks of the clock.</param>
/// <param name="Version">Leased until the end.</param>
/// <param name="Shadow">Of the version when the request came; null when it had none.</param>
internal readonly record struct Inference(long Arrived, PendingRequest Pending, ServedVersion Version, ShadowTap? Shadow);
