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
    private readonly Dictionary<string, string> _methods = [];

    public static string Model(HttpContext http) => (string)http.Request.RouteValues["model"]!;

    public static string Version(HttpContext http) => http.Request.RouteValues["version"] as string ?? "";

    private static string Repository(HttpContext http) => http.Request.RouteValues["repository"] as string ?? "";

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
            // It has its own span, with the parts of the request.
            Map(app, $"{route}/infer", http => RestErrors.GuardAsync(http, inference.InferAsync), HttpMethods.Post);
        }
        foreach (var route in new[] { "/v2/repository", "/v2/repository/{repository}" })
        {
            Post(app, $"{route}/index", IndexAsync);
            Post(app, $"{route}/models/{{model}}/load", LoadAsync);
            Post(app, $"{route}/models/{{model}}/unload", http => repository.UnloadAsync(Repository(http), Model(http)));
        }
        foreach (var memory in new[] { "systemsharedmemory", "cudasharedmemory" })
            app.Map($"/v2/{memory}/{{**rest}}", http => errors.WriteAsync(http, SharedMemory.Refusal));
        Get(app, "/v2/logging", settings.ReadLogAsync);
        Post(app, "/v2/logging", settings.ChangeLogAsync);
        foreach (var route in new[] { "/v2/trace/setting", "/v2/models/{model}/trace/setting" })
        {
            Get(app, route, settings.ReadTraceAsync);
            Post(app, route, settings.ChangeTraceAsync);
        }
        RefuseOtherMethods(app);
        // The pattern that MapFallback has by itself leaves out whatever has a dot in its last part.
        app.MapFallback("{*path}", http => RestErrors.WriteAsync(http, StatusCodes.Status404NotFound, $"there is nothing at {http.Request.Method} {http.Request.Path}; the protocol's calls begin with /v2"));
    }

    internal static Task WriteAsync(HttpContext http, IMessage message) => WriteAsync(http, JsonMessage.Serialize(message));

    /// <summary>A question that is asked every few seconds: without a span.</summary>
    private void Ask(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        Map(app, route, http => RestErrors.GuardAsync(http, endpoint), HttpMethods.Get, HttpMethods.Head);

    private void Get(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        Map(app, route, spans.AroundRest(http => RestErrors.GuardAsync(http, endpoint)), HttpMethods.Get, HttpMethods.Head);

    private void Post(IEndpointRouteBuilder app, string route, Func<HttpContext, Task> endpoint) =>
        Map(app, route, spans.AroundRest(http => RestErrors.GuardAsync(http, endpoint)), HttpMethods.Post);

    private void Map(IEndpointRouteBuilder app, string route, RequestDelegate endpoint, params string[] methods)
    {
        app.MapMethods(route, methods, endpoint);
        _methods[route] = _methods.TryGetValue(route, out var others) ? $"{others}, {string.Join(", ", methods)}" : string.Join(", ", methods);
    }

    /// <summary>The fallback takes every method, so the router itself never finds that only the method is wrong.</summary>
    private void RefuseOtherMethods(IEndpointRouteBuilder app)
    {
        foreach (var (route, methods) in _methods)
        {
            app.Map(route, http =>
            {
                http.Response.Headers.Allow = methods;
                return RestErrors.WriteAsync(http, StatusCodes.Status405MethodNotAllowed, $"{http.Request.Method} is not possible at {http.Request.Path}, expected {methods}");
            });
        }
    }

    private async Task IndexAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var readyOnly = body is not null && body.RootElement.TryGetProperty("ready", out var ready) && ready.ValueKind == System.Text.Json.JsonValueKind.True;
        await WriteAsync(http, JsonMessage.SerializeAll(repository.Index(Repository(http), readyOnly).Models)).ConfigureAwait(false);
    }

    private async Task LoadAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var parameters = body is not null && body.RootElement.TryGetProperty("parameters", out var given) && given.ValueKind == System.Text.Json.JsonValueKind.Object
            ? given.EnumerateObject().Select(static parameter => parameter.Name).ToArray()
            : [];
        await repository.LoadAsync(Repository(http), Model(http), parameters).ConfigureAwait(false);
    }

    /// <summary>200, 400 or, while the server stops, 503, without a body, as Triton answers.</summary>
    private Task AnswerReadiness(HttpContext http, bool ready)
    {
        http.Response.StatusCode = ready ? StatusCodes.Status200OK : metadata.IsStopping ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status400BadRequest;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.ContentType = "application/json";
        return RestCoding.WriteAsync(http, json, default);
    }
}
