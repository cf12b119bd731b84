using Grpc.Core;
using Grpc.Reflection;
using Grpc.Reflection.V1Alpha;
using GrpcServing.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.Endpoints;

/// <summary>Server reflection, whose streams end when the server drains.</summary>
internal sealed class ReflectionService(DrainState drain) : ReflectionServiceImpl(GRPCInferenceService.Descriptor, Grpc.Health.V1.Health.Descriptor, ServerReflection.Descriptor)
{
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        using var requests = new DrainedReader<ServerReflectionRequest>(requestStream, drain, context.CancellationToken);
        await base.ServerReflectionInfo(requests, responseStream, context).ConfigureAwait(false);
    }
}
