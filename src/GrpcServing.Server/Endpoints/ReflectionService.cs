using Grpc.Core;
using Grpc.Reflection;
using Grpc.Reflection.V1;
using GrpcServing.Hosting;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace GrpcServing.Endpoints;

/// <summary>Server reflection, whose streams end when the server drains.</summary>
internal sealed class ReflectionService(DrainState drain) : ReflectionV1ServiceImpl(Services)
{
    /// <summary>What tools find here.</summary>
    public static ServiceDescriptor[] Services =>
        [GRPCInferenceService.Descriptor, ShadowAdmin.Descriptor, Grpc.Health.V1.Health.Descriptor, ServerReflection.Descriptor, Grpc.Reflection.V1Alpha.ServerReflection.Descriptor];

    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        using var requests = new DrainedReader<ServerReflectionRequest>(requestStream, drain, context.CancellationToken);
        await base.ServerReflectionInfo(requests, responseStream, context).ConfigureAwait(false);
    }
}
