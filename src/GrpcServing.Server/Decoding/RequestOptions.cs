using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>What a request's parameters ask of the scheduler.</summary>
/// <param name="Priority">1 = first; 0 = none named.</param>
/// <param name="TimeoutMicroseconds">0 = none.</param>
internal readonly record struct RequestOptions(int Priority, long TimeoutMicroseconds)
{
    /// <summary>Asks, on a stream, for a last response without tensors. Every response here is the last one, so it is granted by doing nothing.</summary>
    public const string EmptyFinalResponse = "triton_enable_empty_final_response";

    private const string ReservedPrefix = "triton_";

    /// <summary>Reads the parameters that mean something to this server; others are the client's own and ignored.</summary>
    public static ServingError Read(List<UncheckedParameter> parameters, ModelSpec spec, out RequestOptions options)
    {
        var priority = 0L;
        var timeout = 0L;
        options = default;
        foreach (var parameter in parameters)
        {
            switch (parameter.Name)
            {
                case "priority":
                    if (!parameter.TryGetCount(int.MaxValue, out priority)) return Refusals.Parameter(parameter, "int64 or uint64 of 0 or more", spec);
                    break;
                case "timeout":
                    if (!parameter.TryGetCount(long.MaxValue, out timeout))
                        return Refusals.Parameter(parameter, "int64 or uint64 of 0 or more (microseconds)", spec);
                    break;
                case "sequence_id" or "sequence_start" or "sequence_end":
                    if (parameter.IsSet) return Refusals.Sequence(parameter, spec);
                    break;
                case EmptyFinalResponse:
                    if (parameter.Kind != ParameterKind.Bool) return Refusals.Parameter(parameter, "bool", spec);
                    break;
                default:
                    if (parameter.Name.StartsWith(ReservedPrefix, StringComparison.Ordinal)) return Refusals.ReservedParameter(parameter, spec);
                    break;
            }
        }
        options = new RequestOptions((int)priority, timeout);
        return ServingError.None;
    }
}
