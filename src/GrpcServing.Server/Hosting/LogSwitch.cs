namespace GrpcServing.Hosting;

/// <summary>Triton's log settings.</summary>
internal sealed record LogSettings(bool Info, bool Warning, bool Error, uint VerboseLevel)
{
    public static LogSettings Default { get; } = new(Info: true, Warning: true, Error: true, VerboseLevel: 0);

    /// <summary>The lowest level that is written.</summary>
    public LogLevel Minimum => this switch
    {
        { VerboseLevel: > 1 } => LogLevel.Trace,
        { VerboseLevel: 1 } => LogLevel.Debug,
        { Info: true } => LogLevel.Information,
        { Warning: true } => LogLevel.Warning,
        { Error: true } => LogLevel.Error,
        _ => LogLevel.None,
    };
}

/// <summary>Changes the log level of the running server, through the same configuration that the operator's files feed.</summary>
internal sealed class LogSwitch : ConfigurationProvider, IConfigurationSource
{
    private readonly Lock _lock = new();

    public LogSettings Settings { get; private set; } = LogSettings.Default;

    public void Apply(LogSettings settings)
    {
        lock (_lock)
        {
            if (settings == Settings) return;
            Settings = settings;
            Set("Logging:LogLevel:GrpcServing", settings.Minimum.ToString());
        }
        OnReload();
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
}
