using Grpc.Core;
using GrpcServing.Decoding;
using GrpcServing.Execution;

namespace GrpcServing.Responding;

/// <summary>The inference methods of the protocol, over our own reader and writer instead of generated messages.</summary>
/// <remarks>
/// <para>
/// A malformed request is not an exception, which a client would see as INTERNAL: it arrives at the handler with its
/// <see cref="UncheckedRequest.Error"/>. The handler takes every request from <see cref="ReceivedRequest"/> and releases it.
/// </para>
/// <para>A response is released once it is written, also when writing it fails; one that is never written is released at the end of its call.</para>
/// </remarks>
internal static class InferenceMethods
{
    private const string ServiceName = "inference.GRPCInferenceService";

    public static Method<UncheckedRequest, InferenceResponse> ModelInfer(TensorPool pool) =>
        new(MethodType.Unary, ServiceName, "ModelInfer", Requests(pool), Responses<InferenceResponse>());

    public static Method<UncheckedRequest, StreamResponse> ModelStreamInfer(TensorPool pool) =>
        new(MethodType.DuplexStreaming, ServiceName, "ModelStreamInfer", Requests(pool), Responses<StreamResponse>());

    private static Marshaller<UncheckedRequest> Requests(TensorPool pool) => new(
        static (_, _) => throw new NotSupportedException("The server does not send inference requests."),
        context =>
        {
            ReceivedRequest.Reading();
            return ReceivedRequest.Hold(WireReader.Read(context.PayloadAsReadOnlySequence(), pool));
        });

    private static Marshaller<T> Responses<T>()
        where T : class, IWireMessage => new(
        Serialize,
        static _ => throw new NotSupportedException("The server does not receive inference responses."));

    private static void Serialize<T>(T response, SerializationContext context)
        where T : class, IWireMessage
    {
        try
        {
            var size = response.WireSize();
            if (size > int.MaxValue) throw new RpcException(new Status(StatusCode.InvalidArgument, UnaryResponse.TooLarge(size).Message));
            context.SetPayloadLength((int)size);
            var output = new WireOutput(context.GetBufferWriter());
            response.WriteTo(ref output);
            output.Flush();
        }
        finally
        {
            response.Release();
        }
        context.Complete();
    }
}
