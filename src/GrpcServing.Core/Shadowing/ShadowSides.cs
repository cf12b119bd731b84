using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Who is compared with whom.</summary>
/// <param name="Primary">Answers the callers.</param>
/// <param name="Candidate">Gets the copies.</param>
public sealed record ShadowSides(ModelSpec Primary, ModelSpec Candidate)
{
    public string Model => Primary.Name;
}
