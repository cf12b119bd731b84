namespace GrpcServing.Shadowing;

/// <summary>Names one slice of the traffic: a parameter of the request with its value, or a configured predicate that held.</summary>
/// <param name="Name">The parameter, or the predicate.</param>
/// <param name="Value">The parameter's value as text; "" for a predicate.</param>
internal readonly record struct SliceKey(string Name, string Value)
{
    /// <summary>For example <c>country=de</c>, or <c>long text</c>.</summary>
    public override string ToString() => Value.Length == 0 ? Name : $"{Name}={Value}";
}
