using Grpc.Core;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>Calls as tests make them: with a deadline long enough for a busy machine, ended with the test.</summary>
internal static class Calls
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task<ModelInferResponse> InferAsync(this GRPCInferenceService.GRPCInferenceServiceClient client, ModelInferRequest request) =>
        client.ModelInferAsync(request, deadline: In(Patience), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;

    /// <summary>A call whose caller may leave.</summary>
    public static async Task<ModelInferResponse> InferUntilAsync(this GRPCInferenceService.GRPCInferenceServiceClient client, ModelInferRequest request, CancellationTokenSource leaving)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token, TestContext.Current.CancellationToken);
        return await client.ModelInferAsync(request, deadline: In(Patience), cancellationToken: linked.Token);
    }

    /// <summary>The status that a call ends with; OK when it succeeds.</summary>
    public static async Task<Status> StatusAsync(Task call)
    {
        try
        {
            await call;
            return Status.DefaultSuccess;
        }
        catch (RpcException failure)
        {
            return failure.Status;
        }
    }

    public static DateTime In(TimeSpan time) => TimeProvider.System.GetUtcNow().UtcDateTime + time;

    public static Task LoadAsync(this GRPCInferenceService.GRPCInferenceServiceClient client, string model) =>
        client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = model }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;

    public static Task UnloadAsync(this GRPCInferenceService.GRPCInferenceServiceClient client, string model) =>
        client.RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = model }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync;

    public static async Task<ModelStatistics> StatisticsAsync(this GRPCInferenceService.GRPCInferenceServiceClient client, string model, string version)
    {
        var all = await client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = model, Version = version }, cancellationToken: TestContext.Current.CancellationToken);
        return Assert.Single(all.ModelStats);
    }

    /// <summary>Waits for something that happens soon; fails after two minutes.</summary>
    public static Task UntilAsync(Func<bool> happened, string what) => UntilAsync(happened, () => what);

    public static async Task UntilAsync(Func<bool> happened, Func<string> what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        while (!happened())
        {
            if (patience.IsCancellationRequested) Assert.Fail($"Not within 2 min: {what()}.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
