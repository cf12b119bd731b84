using System.Buffers;
using Google.Protobuf;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Routing;

namespace GrpcServing.Tests.Decoding;

/// <summary>Sends messages through reader and decoder; at its end every buffer must have come back.</summary>
public sealed class DecoderHarness : IDisposable
{
    public TensorPool Pool { get; } = new();

    public void Dispose()
    {
        Assert.Equal(Pool.Rented, Pool.Returned);
        Pool.Dispose();
    }

    /// <summary>A model named m with inputs and outputs of these forms.</summary>
    public static ModelSpec Spec(int maxBatchSize, TensorSpec[] inputs, params TensorSpec[] outputs) => new()
    {
        Name = "m",
        Version = 1,
        MaxBatchSize = maxBatchSize,
        Inputs = [.. inputs],
        Outputs = [.. outputs],
    };

    public static TensorSpec Tensor(string name, TensorDataType type, params long[] dims) => new()
    {
        Name = name,
        DataType = type,
        Dims = [.. dims],
        GraphDims = [.. dims],
    };

    public static ModelInferRequest.Types.InferInputTensor Input(string name, string datatype, params long[] shape) => new()
    {
        Name = name,
        Datatype = datatype,
        Shape = { shape },
    };

    public static ModelInferRequest.Types.InferInputTensor Typed(string name, string datatype, InferTensorContents contents, params long[] shape) => new()
    {
        Name = name,
        Datatype = datatype,
        Shape = { shape },
        Contents = contents,
    };

    public static ModelInferRequest Request(params ModelInferRequest.Types.InferInputTensor[] inputs) => new() { ModelName = "m", Inputs = { inputs } };

    /// <summary>Decodes a request that fits; what it holds is read before its buffer goes back.</summary>
    public T Accept<T>(ModelInferRequest message, ModelSpec spec, Func<DecodedRequest, T> read)
    {
        var request = WireReader.Read(new ReadOnlySequence<byte>(message.ToByteArray()), Pool);
        try
        {
            Assert.True(RequestDecoder.TryDecode(request, spec, new ShapeTable(spec), keepParameters: false, out var decoded, out var error), error.Message);
            try
            {
                return read(decoded);
            }
            finally
            {
                decoded.Release();
            }
        }
        finally
        {
            request.Release();
        }
    }

    /// <summary>Decodes a request that does not fit.</summary>
    public ServingError Refuse(ModelInferRequest message, ModelSpec spec)
    {
        var request = WireReader.Read(new ReadOnlySequence<byte>(message.ToByteArray()), Pool);
        Assert.False(RequestDecoder.TryDecode(request, spec, new ShapeTable(spec), keepParameters: false, out _, out var error));
        Assert.Null(request.Body);
        request.Release();
        return error;
    }

    /// <summary>Asserts the whole text of an INVALID_ARGUMENT.</summary>
    public void Refuses(ModelInferRequest message, ModelSpec spec, string text)
    {
        var error = Refuse(message, spec);
        Assert.Equal(text, error.Message);
        Assert.Equal(ErrorReason.InvalidArgument, error.Reason);
    }
}
