using System.Globalization;
using System.Net;
using GrpcServing.Responding;

namespace GrpcServing.Hosting;

/// <summary>What a line of the log looks like.</summary>
internal enum LogFormat
{
    /// <summary>For people: time, level, room, sentence.</summary>
    Text,
    /// <summary>One JSON object each, with its values by name and the ids of the trace it belongs to.</summary>
    Json,
}

/// <summary>The settings under <c>Serving:</c>, read once at start.</summary>
internal sealed record ServingOptions
{
    public const string Section = "Serving";

    /// <value>Directory of models. Default: the examples that come with the server.</value>
    public required string ModelRepository { get; init; }

    /// <value>Address both ports listen on. Default 127.0.0.1: reachable from this machine only.</value>
    public required IPAddress ListenAddress { get; init; }

    /// <value>Cleartext HTTP/2. Default 8001; 0 = any free port.</value>
    public required int GrpcPort { get; init; }

    /// <value>HTTP/1.1 for REST and metrics. Default 8000; 0 = any free port.</value>
    public required int HttpPort { get; init; }

    /// <value>
    /// A port on 127.0.0.1 for the admin interface, which then is nowhere else; 0 = any free port. Null (default): it is on the gRPC port, for
    /// callers on the loopback interface.
    /// </value>
    public required int? AdminPort { get; init; }

    /// <value>Longest wait for requests under way when the server is told to stop. Default 30 s.</value>
    public required TimeSpan DrainTimeout { get; init; }

    public required StatusCodeSet StatusCodes { get; init; }

    /// <value>Largest request in bytes, gRPC message or HTTP body. Default 64 MiB, range 1 KiB .. 2 GiB - 1.</value>
    public required int MaxRequestBytes { get; init; }

    /// <value>A request that takes longer is slow: its trace is kept whatever the sampler says. Default null: beyond the 99th percentile of its model version in the last minute.</value>
    public required TimeSpan? SlowRequest { get; init; }

    public required LogFormat LogFormat { get; init; }

    /// <value>Where shadows keep captured requests. Default: <c>grpcserving</c> under the user's local application data, which outlives a restart.</value>
    public required string CaptureDirectory { get; init; }

    /// <summary>Reads and checks everything.</summary>
    /// <param name="errors">One sentence for each setting that is wrong; empty when the options may be used.</param>
    public static ServingOptions Read(IConfiguration configuration, out IReadOnlyList<string> errors)
    {
        var reader = new SettingsReader(configuration.GetSection(Section));
        var options = new ServingOptions
        {
            ModelRepository = Path.GetFullPath(reader.Text("ModelRepository", Path.Combine(AppContext.BaseDirectory, "models"))),
            ListenAddress = reader.Value("ListenAddress", IPAddress.Loopback, "an IP address such as 127.0.0.1, or 0.0.0.0 for every interface", static (string text, out IPAddress address) => IPAddress.TryParse(text, out address!)),
            GrpcPort = reader.Number("GrpcPort", 8001, 0, 65535),
            HttpPort = reader.Number("HttpPort", 8000, 0, 65535),
            AdminPort = reader.Number("AdminPort", -1, 0, 65535) is >= 0 and var adminPort ? adminPort : null,
            DrainTimeout = reader.Value("DrainTimeout", TimeSpan.FromSeconds(30), "a time from 00:00:00 to 01:00:00 such as 00:00:30",
                static (string text, out TimeSpan time) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time) && time >= TimeSpan.Zero && time <= TimeSpan.FromHours(1)),
            StatusCodes = reader.Value("StatusCodes", StatusCodeSet.Standard, "Standard or Triton",
                static (string text, out StatusCodeSet codes) => Enum.TryParse(text, ignoreCase: true, out codes) && Enum.IsDefined(codes) && !char.IsAsciiDigit(text[0])),
            CaptureDirectory = Path.GetFullPath(reader.Text("CaptureDirectory", DefaultCaptureDirectory)),
            MaxRequestBytes = reader.Number("MaxRequestBytes", 64 << 20, 1024, int.MaxValue),
            SlowRequest = reader.Value("SlowRequest", (TimeSpan?)null, "a time above 00:00:00, up to 01:00:00, such as 00:00:00.100",
                static (string text, out TimeSpan? time) =>
                {
                    time = TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
                    return time > TimeSpan.Zero && time <= TimeSpan.FromHours(1);
                }),
            LogFormat = reader.Value("LogFormat", LogFormat.Text, "Text or Json",
                static (string text, out LogFormat format) => Enum.TryParse(text, ignoreCase: true, out format) && Enum.IsDefined(format) && !char.IsAsciiDigit(text[0])),
        };
        if (!IsReadable(options.ModelRepository)) reader.Report("ModelRepository", options.ModelRepository, "a directory of <model>/<version>/model.onnx that exists and may be read");
        if (options.GrpcPort == options.HttpPort && options.GrpcPort != 0)
            reader.Report("HttpPort", options.HttpPort.ToString(CultureInfo.InvariantCulture), "another port than Serving:GrpcPort");
        if (options.AdminPort is > 0 and var admin && (admin == options.GrpcPort || admin == options.HttpPort))
            reader.Report("AdminPort", admin.ToString(CultureInfo.InvariantCulture), "another port than Serving:GrpcPort and Serving:HttpPort");
        reader.ReportUnknownKeys();
        errors = reader.Errors;
        return options;
    }

    private static string DefaultCaptureDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } data ? data : Path.GetTempPath(), "grpcserving");

    private static bool IsReadable(string directory)
    {
        try
        {
            using var entries = Directory.EnumerateFileSystemEntries(directory).GetEnumerator();
            entries.MoveNext();
            return true;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
