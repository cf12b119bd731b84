using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>Callers who cancel or run out of time, by the thousand: every call has one answer, and nothing is left behind.</summary>
[Collection(Alone.Name)]
public sealed class DepartingCallersTests
{
    private const int Requests = 10_000;
    private const int Workers = 48;

    [Fact]
    public async Task Infer_WithRandomCancelsAndDeadlines_AnswersEachOnceAndLeaksNothing()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var expected = new float[Digits.Count][];
        for (var i = 0; i < expected.Length; i++) expected[i] = Digits.Probabilities(await server.Client.InferAsync(Digits.Request(i)));
        var channels = Enumerable.Range(0, 4).Select(_ => GrpcChannel.ForAddress(server.GrpcAddress)).ToArray();

        var first = await RunAsync(server, channels, expected, seed: 1);
        var (managed, resident) = Memory();
        var second = await RunAsync(server, channels, expected, seed: 2);
        var (managedAfter, residentAfter) = Memory();

        foreach (var channel in channels) channel.Dispose();
        Assert.All([first, second], static outcomes =>
        {
            Assert.Equal(Requests, outcomes.Values.Sum());
            Assert.True(outcomes.GetValueOrDefault(StatusCode.OK) > 0, "nobody had an answer");
            Assert.True(outcomes.GetValueOrDefault(StatusCode.Cancelled) > 0, "nobody cancelled");
        });
        Assert.True(managedAfter - managed < 8 << 20, $"managed memory grew from {managed} to {managedAfter} bytes");
        Assert.True(residentAfter - resident < 64 << 20, $"resident memory grew from {resident} to {residentAfter} bytes");
    }

    /// <summary>How many calls ended with which status; every buffer has come back when it returns.</summary>
    private static async Task<Dictionary<StatusCode, int>> RunAsync(RunningServer server, GrpcChannel[] channels, float[][] expected, int seed)
    {
        var next = -1;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var client = new GRPCInferenceService.GRPCInferenceServiceClient(channels[worker % channels.Length]);
            var random = new Random((seed * 1000) + worker);
            var own = new List<StatusCode>();
            while (Interlocked.Increment(ref next) is var call && call < Requests) own.Add(await AskAsync(client, call % expected.Length, expected, random));
            return own;
        })));
        await server.AllBuffersReturnedAsync();
        Assert.Equal(0, server.Repository.Table.Find("digits")!.Newest!.Lane.WaitingRows);
        return outcomes.SelectMany(static own => own).CountBy(static code => code).ToDictionary();
    }

    /// <summary>Half of the callers have all the time in the world, and must have an answer.</summary>
    private static async Task<StatusCode> AskAsync(GRPCInferenceService.GRPCInferenceServiceClient client, int digit, float[][] expected, Random random)
    {
        var choice = random.Next(4);
        using var leaving = choice == 0 ? new CancellationTokenSource(TimeSpan.FromMilliseconds(random.NextDouble() * 3), TimeProvider.System) : new CancellationTokenSource();
        var deadline = Calls.In(choice == 1 ? TimeSpan.FromMilliseconds(1 + random.Next(20)) : TimeSpan.FromSeconds(60));
        try
        {
            var response = await client.ModelInferAsync(Digits.Request(digit), deadline: deadline, cancellationToken: leaving.Token);
            Assert.True(Digits.AreEqual(expected[digit], Digits.Probabilities(response)), $"digit {digit} was answered with another's probabilities");
            return StatusCode.OK;
        }
        catch (RpcException failure) when (choice <= 1 && failure.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
        {
            return failure.StatusCode;
        }
        catch (RpcException failure) when (choice <= 1 && failure.Status.DebugException is ObjectDisposedException or IOException { InnerException: null })
        {
            // The client's own: it gave up in the moment in which it opened the answer.
            return StatusCode.Cancelled;
        }
    }

    private static (long Managed, long Resident) Memory()
    {
        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }
}
