using Grpc.Core;
using GrpcServing.Decoding;
using GrpcServing.Protos;
using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>The Open Inference Protocol over gRPC: one line per call, the work is the endpoints'. One instance for all calls.</summary>
internal sealed class GrpcInferenceService(
    InferenceEndpoint inference,
    MetadataEndpoint metadata,
    StatisticsEndpoint statistics,
    RepositoryEndpoint repository,
    SettingsEndpoint settings,
    StatusMapping statuses)
{
    public Task<InferenceResponse> ModelInfer(UncheckedRequest request, ServerCallContext context) => inference.InferAsync(request, context);

    public Task ModelStreamInfer(IAsyncStreamReader<UncheckedRequest> requests, IServerStreamWriter<StreamResponse> responses, ServerCallContext context) =>
        inference.StreamAsync(requests, responses, context);

    public static Task<ServerLiveResponse> ServerLive() => Task.FromResult(new ServerLiveResponse { Live = true });

    public Task<ServerReadyResponse> ServerReady() => Task.FromResult(new ServerReadyResponse { Ready = metadata.IsReady });

    public Task<ModelReadyResponse> ModelReady(ModelReadyRequest request) => Task.FromResult(new ModelReadyResponse { Ready = metadata.ModelReady(request.Name, request.Version) });

    public static Task<ServerMetadataResponse> ServerMetadata() => Task.FromResult(MetadataEndpoint.ServerMetadata());

    public Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request) => Task.FromResult(metadata.ModelMetadata(request.Name, request.Version));

    public Task<ModelConfigResponse> ModelConfig(ModelConfigRequest request) => Task.FromResult(metadata.ModelConfig(request.Name, request.Version));

    public Task<ModelStatisticsResponse> ModelStatistics(ModelStatisticsRequest request) => Task.FromResult(statistics.Statistics(request.Name, request.Version));

    public Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request) => Task.FromResult(repository.Index(request.RepositoryName, request.Ready));

    public async Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request)
    {
        await repository.LoadAsync(request.RepositoryName, request.ModelName, request.Parameters.Keys).ConfigureAwait(false);
        return new RepositoryModelLoadResponse();
    }

    public async Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request)
    {
        await repository.UnloadAsync(request.RepositoryName, request.ModelName).ConfigureAwait(false);
        return new RepositoryModelUnloadResponse();
    }

    public Task<TraceSettingResponse> TraceSetting(TraceSettingRequest request) => Task.FromResult(settings.TraceSetting(request));

    public Task<LogSettingsResponse> LogSettings(LogSettingsRequest request) => Task.FromResult(settings.LogSettings(request));

    public Task<T> RefuseSharedMemory<T>() => SharedMemory.RefuseAsync<T>(statuses);
}
