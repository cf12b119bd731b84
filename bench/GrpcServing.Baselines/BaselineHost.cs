using System.Globalization;
using System.Net;
using GrpcServing.Protos;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GrpcServing.Baselines;

/// <summary>A service on Grpc.AspNetCore as its documentation sets one up; no knob is turned.</summary>
/// <remarks>
/// gRPC on one free port; on another <c>/metrics</c> with the server's names for what the harness reads. Says where on standard output,
/// in the form of the server's line.
/// </remarks>
internal static class BaselineHost
{
    public static async Task RunAsync(GRPCInferenceService.GRPCInferenceServiceBase service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddGrpc(static grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(service);
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        app.MapGrpcService<GRPCInferenceService.GRPCInferenceServiceBase>();
        app.MapGet("/metrics", static () => string.Create(CultureInfo.InvariantCulture, $$"""
            dotnet_gc_heap_total_allocated_bytes_total {{GC.GetTotalAllocatedBytes()}}
            dotnet_gc_collections_total{gc_heap_generation="gen2"} {{GC.CollectionCount(2)}}

            """));
        await app.StartAsync().ConfigureAwait(false);
        var ports = app.Urls.ToArray();
        Console.WriteLine($"Ready: gRPC on {ports[0]}, metrics on {ports[1]}");
        await app.WaitForShutdownAsync().ConfigureAwait(false);
    }
}
