namespace GrpcServing.Telemetry;

/// <summary>Names of the spans that the server writes besides those of its calls: one word per stage.</summary>
public static class SpanNames
{
    /// <summary>A request until its bytes are there.</summary>
    public const string Receive = "receive";

    /// <summary>Bytes to a request that fits its model: parsing, routing, checking, admission.</summary>
    public const string Decode = "decode";

    /// <summary>Waiting for a batch.</summary>
    public const string Queue = "queue";

    /// <summary>Earlier runs of the same batch that failed as a whole or were cut short.</summary>
    public const string Rerun = "rerun";

    /// <summary>Rows of all members into the batch.</summary>
    public const string Gather = "gather";

    /// <summary>The run of the model.</summary>
    public const string Execute = "execute";

    /// <summary>Outputs of the batch to its members.</summary>
    public const string Scatter = "scatter";

    /// <summary>An answer to bytes: until the last of them has been handed to the connection.</summary>
    public const string Respond = "respond";

    /// <summary>One batch, linked with its members.</summary>
    public const string Batch = "batch";

    /// <summary>One request of a stream.</summary>
    public const string Message = "message";

    /// <summary>A copy of a request that a candidate answers.</summary>
    public const string Shadow = "shadow";

    /// <summary>A copy until the candidate's lane has it: waiting for the shadow's thread, fitting the request to the candidate.</summary>
    public const string Mirror = "mirror";

    /// <summary>The candidate's answer beside the primary's: until they have been compared and counted.</summary>
    public const string Compare = "compare";
}

/// <summary>Attributes of spans: OpenTelemetry's names where its conventions have one, otherwise ours. Times in seconds.</summary>
public static class SpanAttributes
{
    public const string RpcSystem = "rpc.system.name";
    public const string RpcMethod = "rpc.method";
    public const string RpcStatus = "rpc.response.status_code";
    public const string HttpMethod = "http.request.method";
    public const string HttpRoute = "http.route";
    public const string HttpStatus = "http.response.status_code";
    public const string UrlPath = "url.path";
    public const string UrlScheme = "url.scheme";
    public const string ErrorType = "error.type";
    public const string PeerAddress = "network.peer.address";
    public const string PeerPort = "network.peer.port";
    public const string ProtocolVersion = "network.protocol.version";

    public const string Model = "grpcserving.model.name";
    public const string Version = "grpcserving.model.version";
    public const string Lane = "grpcserving.lane";

    /// <summary>Row shape of every input.</summary>
    public const string Bucket = "grpcserving.bucket";

    /// <summary>The caller's id.</summary>
    public const string RequestId = "grpcserving.request.id";
    public const string RequestRows = "grpcserving.request.rows";

    /// <summary>Why there is no answer: the same words as in the metrics.</summary>
    public const string Reason = "grpcserving.reason";

    /// <summary>Why the trace was kept: head, error or slow.</summary>
    public const string KeptFor = "grpcserving.kept_for";
    public const string BatchRequests = "grpcserving.batch.requests";
    public const string BatchRows = "grpcserving.batch.rows";
    public const string BatchPaddedRows = "grpcserving.batch.padded_rows";
    public const string BatchCloseReason = "grpcserving.batch.close_reason";

    /// <summary>What the scheduler reckoned with, start to end of the batch. Not there when it knew nothing yet.</summary>
    public const string BatchPredicted = "grpcserving.batch.predicted_duration";
    public const string BatchActual = "grpcserving.batch.actual_duration";

    /// <summary>From the start of the batch to the deadline; of a batch, the smallest of its members'.</summary>
    public const string DeadlineSlack = "grpcserving.deadline.slack";
    public const string Executor = "grpcserving.executor";

    /// <summary>What became of a copy: a word of <c>grpcserving_shadow_pairs{outcome}</c>, or <c>dropped</c>; then the reason says why.</summary>
    public const string ShadowOutcome = "grpcserving.shadow.outcome";

    /// <summary>How often a run of the copy was cut short because a primary needed the device.</summary>
    public const string ShadowPreemptions = "grpcserving.shadow.preemptions";
}
