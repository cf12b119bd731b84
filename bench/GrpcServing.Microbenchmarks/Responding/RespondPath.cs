using Grpc.Core;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Responding;
using GrpcServing.Routing;

namespace GrpcServing.Microbenchmarks.Responding;

/// <summary>Makes a response of a result and writes it through the marshaller.</summary>
internal sealed class RespondPath : MeasuredPath
{
    private readonly TensorPool _pool = new();
    private readonly ModelSpec _spec;
    private readonly DecodedRequest _request;
    private readonly OutputSlice[] _slices;
    private readonly Marshaller<InferenceResponse> _marshaller;
    private readonly DiscardedWire _wire = new();

    /// <param name="elements">Of the one output.</param>
    public RespondPath(int elements)
    {
        _spec = Specs.Dense(64, elements);
        _slices = [new OutputSlice(0, 0, elements * sizeof(float), [1, elements])];
        _marshaller = InferenceMethods.ModelInfer(_pool).ResponseMarshaller;
        _request = new DecodedRequest { Id = "", Body = _pool.Rent(0), Inputs = [], Bucket = new ShapeTable(_spec).Only!, Rows = 1 };
    }

    public override void Run() =>
        _marshaller.ContextualSerializer(new InferenceResponse(_spec, _request, new InferenceResult(_pool.Rent(_slices[0].Length), _slices)), _wire);

    protected override void Dispose(bool disposing)
    {
        _request.Release();
        _pool.Dispose();
    }
}
