namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>compose.yaml, by the keys of the compose specification that it uses.</summary>
internal sealed class ComposeFile
{
    public string Name { get; set; } = "";
    public Dictionary<string, ComposeService> Services { get; set; } = [];
    public Dictionary<string, object?> Volumes { get; set; } = [];
}

internal sealed class ComposeService
{
    public string Image { get; set; } = "";
    public ComposeBuild? Build { get; set; }
    public List<string> Command { get; set; } = [];
    public Dictionary<string, string> Environment { get; set; } = [];
    public List<string> Ports { get; set; } = [];
    public List<string> Volumes { get; set; } = [];
    public bool ReadOnly { get; set; }
    public List<string> Tmpfs { get; set; } = [];
    public List<string> CapDrop { get; set; } = [];
    public List<string> SecurityOpt { get; set; } = [];
    public ComposeHealthcheck? Healthcheck { get; set; }
    public string StopGracePeriod { get; set; } = "";
    public string Restart { get; set; } = "";
    public string MemLimit { get; set; } = "";
    public Dictionary<string, ComposeDependency> DependsOn { get; set; } = [];
}

internal sealed class ComposeBuild
{
    public string Context { get; set; } = "";
    public string Dockerfile { get; set; } = "";
}

internal sealed class ComposeHealthcheck
{
    public List<string> Test { get; set; } = [];
    public string Interval { get; set; } = "";
    public string Timeout { get; set; } = "";
    public int Retries { get; set; }
    public string StartPeriod { get; set; } = "";
}

internal sealed class ComposeDependency
{
    public string Condition { get; set; } = "";
}

/// <summary>The collector's configuration. What a component takes is its own; how components are put together is checked.</summary>
internal sealed class CollectorFile
{
    public Dictionary<string, CollectorComponent> Receivers { get; set; } = [];
    public Dictionary<string, Dictionary<string, object>> Processors { get; set; } = [];
    public Dictionary<string, Dictionary<string, object>> Exporters { get; set; } = [];
    public Dictionary<string, CollectorEndpoint> Extensions { get; set; } = [];
    public CollectorPipelines Service { get; set; } = new();
}

internal sealed class CollectorComponent
{
    public Dictionary<string, CollectorEndpoint> Protocols { get; set; } = [];
}

internal sealed class CollectorEndpoint
{
    public string Endpoint { get; set; } = "";
}

internal sealed class CollectorPipelines
{
    public List<string> Extensions { get; set; } = [];
    public Dictionary<string, CollectorPipeline> Pipelines { get; set; } = [];
}

internal sealed class CollectorPipeline
{
    public List<string> Receivers { get; set; } = [];
    public List<string> Processors { get; set; } = [];
    public List<string> Exporters { get; set; } = [];
}

internal sealed class PrometheusFile
{
    public Dictionary<string, string> Global { get; set; } = [];
    public List<string> RuleFiles { get; set; } = [];
    public List<ScrapeConfig> ScrapeConfigs { get; set; } = [];
}

internal sealed class ScrapeConfig
{
    public string JobName { get; set; } = "";
    public bool HonorLabels { get; set; }
    public List<StaticConfig> StaticConfigs { get; set; } = [];
}

internal sealed class StaticConfig
{
    public List<string> Targets { get; set; } = [];
}

internal sealed class GrafanaDataSources
{
    public int ApiVersion { get; set; }
    public List<GrafanaDataSource> Datasources { get; set; } = [];
}

internal sealed class GrafanaDataSource
{
    public string Name { get; set; } = "";
    public string Uid { get; set; } = "";
    public string Type { get; set; } = "";
    public string Access { get; set; } = "";
    public string Url { get; set; } = "";
    public bool IsDefault { get; set; }
    public GrafanaJsonData JsonData { get; set; } = new();
}

internal sealed class GrafanaJsonData
{
    public string TimeInterval { get; set; } = "";
    public List<ExemplarDestination> ExemplarTraceIdDestinations { get; set; } = [];
}

internal sealed class ExemplarDestination
{
    public string Name { get; set; } = "";
    public string DatasourceUid { get; set; } = "";
}

internal sealed class GrafanaDashboards
{
    public int ApiVersion { get; set; }
    public List<GrafanaProvider> Providers { get; set; } = [];
}

internal sealed class GrafanaProvider
{
    public string Name { get; set; } = "";
    public string Folder { get; set; } = "";
    public string Type { get; set; } = "";
    public bool AllowUiUpdates { get; set; }
    public int UpdateIntervalSeconds { get; set; }
    public Dictionary<string, string> Options { get; set; } = [];
}

internal sealed class AdapterValues
{
    public AdapterRules Rules { get; set; } = new();
}

internal sealed class AdapterRules
{
    public bool Default { get; set; }
    public List<AdapterRule> Custom { get; set; } = [];
}

internal sealed class AdapterRule
{
    public string SeriesQuery { get; set; } = "";
    public AdapterResources Resources { get; set; } = new();
    public Dictionary<string, string> Name { get; set; } = [];
    public string MetricsQuery { get; set; } = "";
}

internal sealed class AdapterResources
{
    public Dictionary<string, Dictionary<string, string>> Overrides { get; set; } = [];
}
