using System.Collections.Concurrent;
using Grpc.Core;
using GrpcServing.Protos;

namespace GrpcServing.Baselines;

/// <summary>Answers the messages of <see cref="NaiveService"/> without its work: what gRPC and the generated messages cost alone.</summary>
/// <remarks>The model runs once for each size of request, to learn what an answer looks like; later ones get a copy of the message.</remarks>
internal sealed class EchoService(NaiveService naive) : GRPCInferenceService.GRPCInferenceServiceBase
{
    private readonly ConcurrentDictionary<(string Model, int Bytes), ModelInferResponse> _answers = new();

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        var bytes = request.RawInputContents is [var raw, ..] ? raw.Length : 0;
        var answer = _answers.GetOrAdd((request.ModelName, bytes), static (_, state) => state.naive.Infer(state.request), (naive, request)).Clone();
        answer.Id = request.Id;
        return Task.FromResult(answer);
    }
}
