using Grpc.Core;
using Grpc.Reflection;
using Grpc.Reflection.V1Alpha;
using GrpcServing.Hosting;

namespace GrpcServing.Endpoints;

/// <summary>The same as <see cref="ReflectionService"/> under the name that it had before it was version 1: many tools ask for that only.</summary>
internal sealed class ReflectionDraftService(DrainState drain) : ReflectionServiceImpl(ReflectionService.Services)
{
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        using var requests = new DrainedReader<ServerReflectionRequest>(requestStream, drain, context.CancellationToken);
        await base.ServerReflectionInfo(requests, responseStream, context).ConfigureAwait(false);
    }
}
