using System.Buffers;
using Google.Protobuf;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using GrpcServing.Execution;
using GrpcServing.Protos;
using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>Lists the calls of <see cref="GrpcInferenceService"/> with their marshallers.</summary>
/// <remarks>
/// Written out instead of generated for two reasons: ModelInfer and ModelStreamInfer read and write tensors without message objects, and
/// no reflection is needed, which NativeAOT would have to be told about.
/// </remarks>
internal sealed class GrpcInferenceMethods(TensorPool pool, StatusMapping statuses) : IServiceMethodProvider<GrpcInferenceService>
{
    private const string ServiceName = "inference.GRPCInferenceService";

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<GrpcInferenceService> context)
    {
        context.AddUnaryMethod(InferenceMethods.ModelInfer(pool), NoMetadata, static (service, message, call) => service.ModelInfer(message, call));
        context.AddDuplexStreamingMethod(InferenceMethods.ModelStreamInfer(pool), NoMetadata,
            static (service, requests, responses, call) => service.ModelStreamInfer(requests, responses, call));

        Add<ServerLiveRequest, ServerLiveResponse>(context, "ServerLive", static (_, _, _) => GrpcInferenceService.ServerLive());
        Add<ServerReadyRequest, ServerReadyResponse>(context, "ServerReady", static (service, _, _) => service.ServerReady());
        Add<ModelReadyRequest, ModelReadyResponse>(context, "ModelReady", static (service, message, _) => service.ModelReady(message));
        Add<ServerMetadataRequest, ServerMetadataResponse>(context, "ServerMetadata", static (_, _, _) => GrpcInferenceService.ServerMetadata());
        Add<ModelMetadataRequest, ModelMetadataResponse>(context, "ModelMetadata", static (service, message, _) => service.ModelMetadata(message));
        Add<ModelConfigRequest, ModelConfigResponse>(context, "ModelConfig", static (service, message, _) => service.ModelConfig(message));
        Add<ModelStatisticsRequest, ModelStatisticsResponse>(context, "ModelStatistics", static (service, message, _) => service.ModelStatistics(message));
        Add<RepositoryIndexRequest, RepositoryIndexResponse>(context, "RepositoryIndex", static (service, message, _) => service.RepositoryIndex(message));
        Add<RepositoryModelLoadRequest, RepositoryModelLoadResponse>(context, "RepositoryModelLoad", static (service, message, _) => service.RepositoryModelLoad(message));
        Add<RepositoryModelUnloadRequest, RepositoryModelUnloadResponse>(context, "RepositoryModelUnload", static (service, message, _) => service.RepositoryModelUnload(message));
        Add<TraceSettingRequest, TraceSettingResponse>(context, "TraceSetting", static (service, message, _) => service.TraceSetting(message));
        Add<LogSettingsRequest, LogSettingsResponse>(context, "LogSettings", static (service, message, _) => service.LogSettings(message));

        RefuseSharedMemory<SystemSharedMemoryStatusRequest, SystemSharedMemoryStatusResponse>(context, "SystemSharedMemoryStatus");
        RefuseSharedMemory<SystemSharedMemoryRegisterRequest, SystemSharedMemoryRegisterResponse>(context, "SystemSharedMemoryRegister");
        RefuseSharedMemory<SystemSharedMemoryUnregisterRequest, SystemSharedMemoryUnregisterResponse>(context, "SystemSharedMemoryUnregister");
        RefuseSharedMemory<CudaSharedMemoryStatusRequest, CudaSharedMemoryStatusResponse>(context, "CudaSharedMemoryStatus");
        RefuseSharedMemory<CudaSharedMemoryRegisterRequest, CudaSharedMemoryRegisterResponse>(context, "CudaSharedMemoryRegister");
        RefuseSharedMemory<CudaSharedMemoryUnregisterRequest, CudaSharedMemoryUnregisterResponse>(context, "CudaSharedMemoryUnregister");
    }

    private static object[] NoMetadata => [];

    private void RefuseSharedMemory<TRequest, TResponse>(ServiceMethodProviderContext<GrpcInferenceService> context, string name)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Add<TRequest, TResponse>(context, name, static (service, _, _) => service.RefuseSharedMemory<TResponse>());

    private void Add<TRequest, TResponse>(ServiceMethodProviderContext<GrpcInferenceService> context, string name, UnaryServerMethod<GrpcInferenceService, TRequest, TResponse> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        context.AddUnaryMethod(new Method<TRequest, TResponse>(MethodType.Unary, ServiceName, name, Marshaller<TRequest>(), Marshaller<TResponse>()), NoMetadata, call);

    private Marshaller<T> Marshaller<T>()
        where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(static () => new T());
        return Marshallers.Create(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => Parse(parser, context.PayloadAsReadOnlySequence()));
    }

    private T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload)
        where T : IMessage<T>, new()
    {
        try
        {
            return parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException malformed)
        {
            throw statuses.ToException(ServingError.Invalid($"the request is not a valid {new T().Descriptor.Name} message: {malformed.Message}"));
        }
    }
}
