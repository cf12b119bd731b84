using Grpc.Net.Client;
using GrpcServing.Execution;
using GrpcServing.Hosting;
using GrpcServing.Models;
using GrpcServing.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>The server as users run it, on two free ports of this machine: real Kestrel, real HTTP/2, real ONNX Runtime.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TemporaryDirectory _captures;

    private RunningServer(WebApplication app, TemporaryDirectory captures)
    {
        _app = app;
        _captures = captures;
        var ports = app.Services.GetRequiredService<ListeningPorts>();
        GrpcAddress = ports.Grpc;
        Channel = GrpcChannel.ForAddress(ports.Grpc, new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
        Client = new GRPCInferenceService.GRPCInferenceServiceClient(Channel);
        Http = new HttpClient { BaseAddress = new Uri(ports.Http) };
    }

    public string GrpcAddress { get; }

    public GrpcChannel Channel { get; }

    public GRPCInferenceService.GRPCInferenceServiceClient Client { get; }

    public HttpClient Http { get; }

    /// <summary>Counts every buffer of every request and response.</summary>
    public TensorPool Pool => Service<TensorPool>();

    public ModelRepository Repository => Service<ModelRepository>();

    /// <param name="repository">Directory of models.</param>
    /// <param name="settings">As on the command line, for example <c>--Serving:StatusCodes=Triton</c>.</param>
    public static async Task<RunningServer> StartAsync(string repository, params string[] settings)
    {
        var captures = new TemporaryDirectory();
        var builder = WebApplication.CreateSlimBuilder([$"--Serving:ModelRepository={repository}", $"--Serving:CaptureDirectory={captures.Path}", "--Serving:GrpcPort=0", "--Serving:HttpPort=0", "--Logging:LogLevel:Default=Warning", .. settings]);
        var options = ServingOptions.Read(builder.Configuration, out var errors);
        Assert.Empty(errors);
        var app = builder.AddGrpcServing(options).Build().MapGrpcServing();
        await app.StartAsync();
        var server = new RunningServer(app, captures);
        while (!server.Repository.IsLoaded) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        return server;
    }

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Waits until every buffer of every request and response has come back, none of them by the garbage collector.</summary>
    public Task AllBuffersReturnedAsync() =>
        Calls.UntilAsync(() => Pool.Rented == Pool.Returned, () => $"every buffer is back: {Pool.Rented} rented, {Pool.Returned} returned, {Pool.Reclaimed} reclaimed");

    /// <summary>As SIGTERM does.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _captures.Dispose();
    }
}
