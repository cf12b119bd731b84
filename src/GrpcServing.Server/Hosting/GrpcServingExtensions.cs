using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Model;
using GrpcServing.Batching;
using GrpcServing.Decoding;
using GrpcServing.Endpoints;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Onnx;
using GrpcServing.Protos;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Shadowing;
using GrpcServing.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace GrpcServing.Hosting;

/// <summary>The composition of the server, in the order of the path of a request.</summary>
internal static class GrpcServingExtensions
{
    /// <summary>Adds every room. Settings must have been checked.</summary>
    public static WebApplicationBuilder AddGrpcServing(this WebApplicationBuilder builder, ServingOptions options)
    {
        var services = builder.Services;
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout);
        services.AddLogging(builder, options);
        services.AddModels();
        services.AddPipeline(options);
        services.AddShadowing();
        services.AddGrpcFrontEnd(options);
        services.AddRestFrontEnd();
        services.AddTelemetry(builder.Configuration, options);
        services.AddSingleton<IMemoryPoolFactory<byte>, ConnectionMemoryFactory>();
        services.AddSingleton<ListeningPorts>();
        services.AddHostedService<ServingHost>();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.WebHost.UseSockets(static sockets => sockets.MaxWriteBufferSize = ConnectionMemory.MaxWriteBytes);
        return builder;
    }

    public static WebApplication MapGrpcServing(this WebApplication app)
    {
        var tracing = app.Services.GetService<CallTracing>();
        var spans = app.Services.GetRequiredService<ManagementSpans>();
        var metrics = app.Services.GetRequiredService<ServingMetrics>();
        app.Use(app.Services.GetRequiredService<DirectInference>().InvokeAsync);
        app.UseRouting();
        app.MapGrpcService<GrpcInferenceService>().Add(endpoint =>
        {
            var call = endpoint.RequestDelegate!;
            var method = ((RouteEndpointBuilder)endpoint).RoutePattern.RawText!.TrimStart('/');
            if (method.EndsWith("Infer", StringComparison.Ordinal))
            {
                var isStream = method.EndsWith("StreamInfer", StringComparison.Ordinal);
                // A stream may well bring nothing; a single call always means a request, too large or cut off where no handler had it.
                Action<HttpContext>? untaken = isStream ? null : http => metrics.Unread(http.RequestAborted.IsCancellationRequested);
                endpoint.RequestDelegate = http => ReceivedRequest.RunAsync(http, call, tracing, isStream, untaken);
            }
            // Whether somebody is alive or ready is asked every few seconds.
            else if (!method.EndsWith("Live", StringComparison.Ordinal) && !method.EndsWith("Ready", StringComparison.Ordinal))
            {
                endpoint.RequestDelegate = spans.AroundGrpc(method, call);
            }
        });
        app.MapGrpcService<HealthService>();
        app.MapGrpcService<ShadowAdminService>();
        app.MapGrpcService<ReflectionService>();
        app.MapGrpcService<ReflectionDraftService>();
        app.Services.GetRequiredService<PrometheusEndpoint>().Map(app);
        app.Services.GetRequiredService<RestRoutes>().Map(app);
        // Nobody else asks for them, but their instruments must exist.
        app.Services.GetRequiredService<DeliveryMetrics>();
        app.Services.GetRequiredService<ShadowMetrics>();
        app.Services.GetRequiredService<CaptureMetrics>();
        return app;
    }

    private static void AddLogging(this IServiceCollection services, WebApplicationBuilder builder, ServingOptions options)
    {
        // Below every other source: an operator's own levels win.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData =
            [
                KeyValuePair.Create("Logging:LogLevel:Default", (string?)"Information"),
                KeyValuePair.Create("Logging:LogLevel:Microsoft", (string?)"Warning"),
                // Why the server could not start is said once, without the stack.
                KeyValuePair.Create("Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host", (string?)"Critical"),
                // A refused request is a metric and a status, not a line.
                KeyValuePair.Create("Logging:LogLevel:Grpc.AspNetCore", (string?)"None"),
                // Would give each request an activity and a scope of its own, which nobody sees.
                KeyValuePair.Create("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", (string?)"None"),
            ],
        });
        var logSwitch = new LogSwitch();
        ((IConfigurationBuilder)builder.Configuration).Add(logSwitch);
        services.AddSingleton(logSwitch);
        services.Configure<LoggerFactoryOptions>(static logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (options.LogFormat == LogFormat.Text)
        {
            builder.Logging.AddSimpleConsole(static console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss.fff ";
            });
            return;
        }
        builder.Logging.AddJsonConsole(static console =>
        {
            console.IncludeScopes = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
        });
    }

    private static void AddModels(this IServiceCollection services)
    {
        services.TryAddSingleton<TensorPool>();
        services.TryAddSingleton<IModelRuntime, OnnxModelRuntime>();
        services.AddSingleton<IShadowLaneObserver, ShadowLaneEvents>();
        services.AddSingleton<DeviceBoards>();
        services.AddSingleton<VersionLoader>();
        services.AddSingleton<RepositoryEvents>();
        services.AddSingleton(static provider => new ModelRepository(
            provider.GetRequiredService<ServingOptions>().ModelRepository,
            provider.GetRequiredService<VersionLoader>(),
            provider.GetRequiredService<IModelRuntime>(),
            provider.GetRequiredService<RepositoryEvents>()));
    }

    private static void AddPipeline(this IServiceCollection services, ServingOptions options)
    {
        services.AddSingleton<Router>();
        services.AddSingleton<DrainState>();
        services.AddSingleton(new StatusMapping(options.StatusCodes));
        services.AddSingleton<InferencePipeline>();
        services.AddSingleton<InferenceEndpoint>();
        services.AddSingleton<MetadataEndpoint>();
        services.AddSingleton<StatisticsEndpoint>();
        services.AddSingleton<RepositoryEndpoint>();
        services.AddSingleton<SettingsEndpoint>();
    }

    private static void AddShadowing(this IServiceCollection services)
    {
        services.AddSingleton<IShadowObserver, ShadowEvents>();
        services.AddSingleton<CaptureTotalsTable>();
        services.AddSingleton<CaptureStore>();
        services.AddSingleton<IShadowCaptures>(static provider => provider.GetRequiredService<CaptureStore>());
        services.AddSingleton<ICaptureReader>(static provider => provider.GetRequiredService<CaptureStore>());
        services.AddSingleton(static provider => new ShadowRegistry(
            provider.GetRequiredService<ModelRepository>(),
            provider.GetRequiredService<IShadowCaptures>(),
            provider.GetRequiredService<IShadowObserver>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AdminAccess>();
        services.AddSingleton(static provider => new ShadowAdminService(
            provider.GetRequiredService<ShadowRegistry>(),
            provider.GetRequiredService<ICaptureReader>(),
            provider.GetRequiredService<AdminAccess>(),
            provider.GetRequiredService<DrainState>(),
            provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddGrpcFrontEnd(this IServiceCollection services, ServingOptions options)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxRequestBytes;
            grpc.MaxSendMessageSize = null;
        });
        services.AddSingleton<DirectInference>();
        services.AddSingleton<GrpcInferenceService>();
        services.AddSingleton<IGrpcServiceActivator<GrpcInferenceService>, SingletonActivator<GrpcInferenceService>>();
        services.AddSingleton<IServiceMethodProvider<GrpcInferenceService>, GrpcInferenceMethods>();
        services.AddSingleton<HealthService>();
        services.AddSingleton<ReflectionService>();
        services.AddSingleton<ReflectionDraftService>();
    }

    private static void AddRestFrontEnd(this IServiceCollection services)
    {
        services.AddSingleton<RestBody>();
        services.AddSingleton<RestErrors>();
        services.AddSingleton<RestSettings>();
        services.AddSingleton<RestInferenceEndpoint>();
        services.AddSingleton<RestRoutes>();
    }

    private static void AddTelemetry(this IServiceCollection services, IConfiguration configuration, ServingOptions options)
    {
        services.AddSingleton<StatisticsRegistry>();
        services.AddSingleton<ServingMetrics>();
        services.AddSingleton<PrometheusEndpoint>();
        services.AddSingleton<ShadowMetrics>();
        services.AddSingleton<CaptureMetrics>();
        services.AddSingleton<ManagementSpans>();
        services.AddTelemetryExport(services.AddOpenTelemetry().WithMetrics(static metrics => metrics.AddServingMetrics()), configuration, options);
    }

    private static void Listen(KestrelServerOptions kestrel, ServingOptions options)
    {
        kestrel.AddServerHeader = false;
        // The limit on a message is gRPC's own (MaxRequestBytes), and the HTTP front end's per endpoint.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
        // A stream that stalls holds its own window (768 KB) of the connection's, by default 1 MB: room for the other calls beside a few of them.
        kestrel.Limits.Http2.InitialConnectionWindowSize = 8 << 20;
        kestrel.Listen(options.ListenAddress, options.GrpcPort, static listen => listen.Protocols = HttpProtocols.Http2);
        kestrel.Listen(options.ListenAddress, options.HttpPort, static listen => listen.Protocols = HttpProtocols.Http1);
        if (options.AdminPort is { } adminPort) kestrel.Listen(IPAddress.Loopback, adminPort, static listen => listen.Protocols = HttpProtocols.Http2);
    }
}
