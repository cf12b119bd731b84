using System.Collections.Concurrent;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>What a client counts of its own calls: by model, version that answered and status.</summary>
internal sealed class ClientCounts(GRPCInferenceService.GRPCInferenceServiceClient client)
{
    private readonly ConcurrentDictionary<(string Model, string Version, StatusCode Status), long> _requests = new();
    private readonly ConcurrentDictionary<(string Model, string Version), long> _rows = new();

    public long Requests(string model, string version, StatusCode status) => _requests.GetValueOrDefault((model, version, status));

    public long Rows(string model, string version) => _rows.GetValueOrDefault((model, version));

    /// <summary>Sends a request and counts how it ended.</summary>
    /// <param name="version">That answers it, when it names none.</param>
    public async Task<StatusCode> SendAsync(ModelInferRequest request, string version, CancellationToken leaving = default)
    {
        var call = client.ModelInferAsync(request, deadline: Calls.In(TimeSpan.FromMinutes(2)), cancellationToken: leaving).ResponseAsync;
        return await CountAsync(call, request, version);
    }

    /// <summary>Sends one with a deadline that the server, not the client, watches: what the client counts is then what it was told.</summary>
    public async Task<StatusCode> SendWithDeadlineAsync(ModelInferRequest request, string version, int milliseconds)
    {
        var call = client.ModelInferAsync(request, new Metadata { { "grpc-timeout", $"{milliseconds}m" } }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;
        return await CountAsync(call, request, version);
    }

    private async Task<StatusCode> CountAsync(Task<ModelInferResponse> call, ModelInferRequest request, string version)
    {
        var status = (await Calls.StatusAsync(call)).StatusCode;
        if (status == StatusCode.OK)
        {
            var response = await call;
            Assert.Equal(version, response.ModelVersion);
            _rows.AddOrUpdate((request.ModelName, version), request.Inputs[0].Shape[0], (_, rows) => rows + request.Inputs[0].Shape[0]);
        }
        _requests.AddOrUpdate((request.ModelName, version, status), 1, static (_, count) => count + 1);
        return status;
    }
}
