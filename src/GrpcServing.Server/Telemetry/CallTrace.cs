using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>The timeline of a call that carries one request.</summary>
internal abstract class CallTrace(Tracer tracer, HttpContext http, ActivityContext parent, long startedAt) : RequestTrace(tracer, startedAt, parent)
{
    protected HttpContext Http => http;

    protected override ActivityKind Kind => ActivityKind.Server;

    public void Ended() => Ended(IsError());

    /// <summary>Whether the caller got an error. After the response.</summary>
    protected abstract bool IsError();
}

/// <summary>ModelInfer.</summary>
internal sealed class GrpcCallTrace(Tracer tracer, HttpContext http, ActivityContext parent, long startedAt) : CallTrace(tracer, http, parent, startedAt)
{
    public const string Method = "inference.GRPCInferenceService/ModelInfer";

    protected override string Name => Method;

    protected override bool IsError() => GrpcStatus.Of(Http) != GrpcStatus.Ok;

    protected override void Describe(Activity span) => CallDescription.Grpc(span, Http, Method, Error.Message);
}

/// <summary>POST .../infer.</summary>
internal sealed class RestCallTrace(Tracer tracer, HttpContext http, ActivityContext parent, long startedAt) : CallTrace(tracer, http, parent, startedAt)
{
    protected override string Name => CallDescription.RestName(Http);

    protected override bool IsError() => !Error.IsNone || Http.Response.StatusCode >= StatusCodes.Status400BadRequest;

    protected override void Describe(Activity span) => CallDescription.Rest(span, Http, Error.Message);
}
