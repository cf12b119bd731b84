using System.Collections.Immutable;
using GrpcServing.Hosting;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Responding;
using GrpcServing.Routing;

namespace GrpcServing.Endpoints;

/// <summary>What the server and its models are and whether they are ready. Reads the model table only: never waits behind inference.</summary>
internal sealed class MetadataEndpoint(ModelRepository repository, Router router, DrainState drain, StatusMapping statuses)
{
    public const string ServerName = "GrpcServing";
    public const string Platform = "onnxruntime_onnx";

    public static ImmutableArray<string> Extensions { get; } =
        ["classification", "model_repository", "schedule_policy", "model_configuration", "binary_tensor_data", "parameters", "statistics", "trace", "logging"];

    public static string ServerVersion { get; } = typeof(MetadataEndpoint).Assembly.GetName().Version!.ToString(3);

    /// <summary>Ready: everything found at start was loaded or failed to, and the server is not stopping.</summary>
    public bool IsReady => repository.IsLoaded && !drain.IsDraining;

    public bool IsStopping => drain.IsDraining;

    public static ServerMetadataResponse ServerMetadata() => new() { Name = ServerName, Version = ServerVersion, Extensions = { Extensions } };

    /// <summary>False for a model or version that is not there, as Triton answers.</summary>
    public bool ModelReady(string name, string version)
    {
        var error = router.TryFind(name, version, out _);
        if (error.Reason is ErrorReason.InvalidArgument) statuses.ThrowIfError(error);
        return error.IsNone && !drain.IsDraining;
    }

    public ModelMetadataResponse ModelMetadata(string name, string version)
    {
        statuses.ThrowIfError(router.TryFind(name, version, out var found));
        var spec = found!.Spec;
        var response = new ModelMetadataResponse { Name = spec.Name, Platform = Platform };
        foreach (var entry in repository.Table.Find(spec.Name)?.Versions ?? [])
            if (entry.Served is { } served) response.Versions.Add(served.VersionText);
        response.Inputs.AddRange(spec.Inputs.Select(input => Describe(input, spec.HasBatchAxis)));
        response.Outputs.AddRange(spec.Outputs.Select(output => Describe(output, spec.HasBatchAxis)));
        return response;
    }

    public ModelConfigResponse ModelConfig(string name, string version)
    {
        statuses.ThrowIfError(router.TryFind(name, version, out var found));
        return new ModelConfigResponse { Config = ModelConfigMessage.Create(found!.Spec.Name, found.Configuration, found.Lane.Executors) };
    }

    private static ModelMetadataResponse.Types.TensorMetadata Describe(TensorSpec tensor, bool hasBatchAxis)
    {
        var metadata = new ModelMetadataResponse.Types.TensorMetadata { Name = tensor.Name, Datatype = tensor.DataType.Name() };
        if (hasBatchAxis) metadata.Shape.Add(-1);
        metadata.Shape.AddRange(tensor.Dims);
        return metadata;
    }
}
