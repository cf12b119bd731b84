using System.Collections.Immutable;
using Grpc.Core;
using GrpcServing.Models;
using GrpcServing.Protos;

namespace GrpcServing.Replaying;

/// <summary>A version of a model on a server: what its answers look like.</summary>
internal static class RemoteModel
{
    /// <returns>Null when the server does not have it.</returns>
    public static async Task<ModelSpec?> FindAsync(GRPCInferenceService.GRPCInferenceServiceClient server, string model, string version, CancellationToken cancellation)
    {
        try
        {
            var metadata = await server.ModelMetadataAsync(new ModelMetadataRequest { Name = model, Version = version }, cancellationToken: cancellation).ConfigureAwait(false);
            var configuration = await server.ModelConfigAsync(new ModelConfigRequest { Name = model, Version = version }, cancellationToken: cancellation).ConfigureAwait(false);
            return Create(model, version, configuration.Config.MaxBatchSize, metadata.Outputs.Select(static output => (output.Name, output.Datatype, (IReadOnlyList<long>)output.Shape)));
        }
        catch (RpcException missing) when (missing.StatusCode is StatusCode.NotFound or StatusCode.Unavailable)
        {
            if (missing.StatusCode == StatusCode.Unavailable && missing.Status.DebugException is not null) throw;
            return null;
        }
    }

    /// <summary>As far as one of its recorded answers tells.</summary>
    /// <param name="rows">First dimension of the request's first input.</param>
    public static ModelSpec Guess(ModelInferResponse answer, long rows)
    {
        var hasBatchAxis = answer.Outputs.All(output => output.Shape.Count > 0 && output.Shape[0] == rows);
        return Create(answer.ModelName, answer.ModelVersion, hasBatchAxis ? int.MaxValue : 0, answer.Outputs.Select(static output => (output.Name, output.Datatype, (IReadOnlyList<long>)output.Shape)));
    }

    private static ModelSpec Create(string model, string version, int maxBatchSize, IEnumerable<(string Name, string Datatype, IReadOnlyList<long> Shape)> outputs) => new()
    {
        Name = model,
        Version = long.TryParse(version, out var number) ? number : 0,
        MaxBatchSize = maxBatchSize,
        Inputs = [],
        Outputs = [.. outputs.Select(output => Tensor(output, maxBatchSize > 0))],
    };

    private static TensorSpec Tensor((string Name, string Datatype, IReadOnlyList<long> Shape) output, bool hasBatchAxis)
    {
        ImmutableArray<long> dims = [.. hasBatchAxis ? output.Shape.Skip(1) : output.Shape];
        if (!TensorDataTypes.TryParse(output.Datatype, out var type)) throw new InvalidDataException($"output '{output.Name}' has datatype '{output.Datatype}', which this tool does not know.");
        return new TensorSpec { Name = output.Name, DataType = type, Dims = dims, GraphDims = dims };
    }
}
