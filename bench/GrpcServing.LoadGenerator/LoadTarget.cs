using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.Protos;

namespace GrpcServing.LoadGenerator;

/// <summary>A model of a server: connections to it and one request in bytes, made once, so that sending costs as little as it can.</summary>
internal sealed class LoadTarget : IDisposable
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);
    private static readonly Method<byte[], byte[]> ModelInfer = new(MethodType.Unary, "inference.GRPCInferenceService", "ModelInfer", Bytes, Bytes);

    private readonly GrpcChannel[] _channels;
    private readonly CallInvoker[] _invokers;
    private readonly byte[] _request;
    private int _next;

    private LoadTarget(GrpcChannel[] channels, byte[] request)
    {
        _channels = channels;
        _invokers = [.. channels.Select(static channel => channel.CreateCallInvoker())];
        _request = request;
    }

    /// <exception cref="RpcException">The server or the model is not there.</exception>
    public static async Task<LoadTarget> ConnectAsync(LoadOptions options)
    {
        var channels = new GrpcChannel[options.Connections];
        for (var i = 0; i < channels.Length; i++)
            channels[i] = GrpcChannel.ForAddress(options.Url, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true }, DisposeHttpClient = true });
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channels[0]);
        var metadata = await client.ModelMetadataAsync(new ModelMetadataRequest { Name = options.Model, Version = options.Version });
        return new LoadTarget(channels, Request(options, metadata).ToByteArray());
    }

    /// <summary>Sends the request; an error is its status.</summary>
    /// <param name="deadline">Wall clock; null for none.</param>
    public async Task<StatusCode> SendAsync(DateTime? deadline)
    {
        try
        {
            using var call = _invokers[(uint)Interlocked.Increment(ref _next) % _invokers.Length].AsyncUnaryCall(ModelInfer, null, new CallOptions(deadline: deadline), _request);
            await call.ResponseAsync.ConfigureAwait(false);
            return StatusCode.OK;
        }
        catch (RpcException failure)
        {
            return failure.StatusCode;
        }
    }

    public void Dispose()
    {
        foreach (var channel in _channels) channel.Dispose();
    }

    private static ModelInferRequest Request(LoadOptions options, ModelMetadataResponse metadata)
    {
        var random = new Random(options.Seed);
        var request = new ModelInferRequest { ModelName = options.Model, ModelVersion = options.Version };
        foreach (var input in metadata.Inputs)
        {
            // A first open dimension counts rows; the others are named on the command line, or 8.
            var shape = input.Shape.Select((dim, index) => dim >= 0 ? dim : index == 0 ? options.Rows : options.OpenDimensions.GetValueOrDefault(input.Name, 8)).ToArray();
            var elements = checked((int)shape.Aggregate(1L, static (product, dim) => product * dim));
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype, Shape = { shape } });
            request.RawInputContents.Add(ByteString.CopyFrom(Elements(input.Datatype, elements, random)));
        }
        return request;
    }

    /// <summary>Numbers from 0 to 1, 0 or 1 for integers, empty strings.</summary>
    private static byte[] Elements(string datatype, int elements, Random random)
    {
        var size = datatype switch { "FP32" or "INT32" or "UINT32" or "BYTES" => 4, "FP64" or "INT64" or "UINT64" => 8, "FP16" or "BF16" or "INT16" or "UINT16" => 2, _ => 1 };
        var raw = new byte[elements * size];
        for (var i = 0; i < elements; i++)
        {
            if (datatype == "FP32") BitConverter.TryWriteBytes(raw.AsSpan(i * size), random.NextSingle());
            else if (datatype == "FP64") BitConverter.TryWriteBytes(raw.AsSpan(i * size), random.NextDouble());
            else if (datatype.Contains("INT", StringComparison.Ordinal) || datatype == "BOOL") raw[i * size] = (byte)random.Next(2);
        }
        return raw;
    }
}
