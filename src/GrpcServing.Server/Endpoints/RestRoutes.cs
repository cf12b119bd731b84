using Google.Protobuf;
using GrpcServing.Responding;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>The v2 REST protocol on the HTTP port: each route beside the gRPC call it stands for.</summary>
internal sealed class RestRoutes(
    RestInferenceEndpoint inference,
    MetadataEndpoint metadata,
    StatisticsEndpoint statistics,
    RepositoryEndpoint repository,
    RestSettings settings,
    RestBody bodies,
    RestErrors errors,
    ManagementSpans spans)
{
    public static string Model(HttpContext http) => (string)http.Request.RouteValues["model"]!;

    public static string Version(HttpContext http) => http.Request.RouteValues["version"] as string ?? "";

    public void Map(IEndpointRouteBuilder app)
    {
        Ask(app, "/v2/health/live", static _ => Task.CompletedTask);
        Ask(app, "/v2/health/ready", http => AnswerReadiness(http, metadata.IsReady));
        Get(app, "/v2", static http => WriteAsync(http, MetadataEndpoint.ServerMetadata()));
        Get(app, "/v2/models/stats", http => WriteAsync(http, statistics.Statistics("", "")));
        foreach (var route in new[] { "/v2/models/{model}", "/v2/models/{model}/versions/{version}" })
        {
            Get(app, route, http => WriteAsync(http, metadata.ModelMetadata(Model(http), Version(http))));
            Ask(app, $"{route}/ready", http => AnswerReadiness(http, metadata.ModelReady(Model(http), Version(http))));
            Get(app, $"{route}/config", http => WriteAsync(http, metadata.ModelConfig(Model(http), Version(http)).Config));
            Get(app, $"{route}/stats", http => WriteAsync(http, statistics.Statistics(Model(http), Version(http))));
            app.MapPost($"{route}/infer", http => RestErrors.GuardAsync(http, inference.InferAsync));
        }
        Post(app, "/v2/repository/index", IndexAsync);
        Post(app, "/v2/repository/models/{model}/load", LoadAsync);
        Post(app, "/v2/repository/models/{model}/unload", http => repository.UnloadAsync("", Model(http)));
        foreach (var memory in new[] { "systemsharedmemory", "cudasharedmemory" })
            app.Map($"/v2/{memory}/{{**rest}}", http => errors.WriteAsync(http, SharedMemory.Refusal));
        Get(app, "/v2/logging", settings.ReadLogAsync);
        Post(app, "/v2/logging", settings.ChangeLogAsync);
        foreach (var route in new[] { "/v2/trace/setting", "/v2/models/{model}/trace/setting" })
        {
            Get(app, route, settings.ReadTraceAsync);
            Post(app, route, settings.ChangeTraceAsync);
        }
        // The pattern that MapFallback has by itself leaves out whatever has a dot in its last part.
        app.MapFallback("{*path}", http => RestErrors.WriteAsync(http, StatusCodes.Status404NotFound, $"there is nothing at {http.Request.Method} {http.Request.Path}; the protocol's calls begin with /v2"));
    }

    internal static Task WriteAsync(HttpContext http, IMessage message) => WriteAsync(http, JsonMessage.Serialize(message));

    /// <summary>A question that is asked every few seconds: without a span.</summary>
    private static void Ask(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        app.MapGet(route, http => RestErrors.GuardAsync(http, endpoint));

    private void Get(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        app.MapGet(route, spans.AroundRest(http => RestErrors.GuardAsync(http, endpoint)));

    private void Post(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        app.MapPost(route, spans.AroundRest(http => RestErrors.GuardAsync(http, endpoint)));

    private async Task IndexAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var readyOnly = body is not null && body.RootElement.TryGetProperty("ready", out var ready) && ready.ValueKind == System.Text.Json.JsonValueKind.True;
        await WriteAsync(http, JsonMessage.SerializeAll(repository.Index(readyOnly).Models)).ConfigureAwait(false);
    }

    private async Task LoadAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var parameters = body is not null && body.RootElement.TryGetProperty("parameters", out var given) && given.ValueKind == System.Text.Json.JsonValueKind.Object
            ? given.EnumerateObject().Select(static parameter => parameter.Name).ToArray()
            : [];
        await repository.LoadAsync("", Model(http), parameters).ConfigureAwait(false);
    }

    /// <summary>200 or 400 without a body, as Triton answers.</summary>
    private static Task AnswerReadiness(HttpContext http, bool ready)
    {
        http.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        return http.Response.Body.WriteAsync(json, http.RequestAborted).AsTask();
    }
}
