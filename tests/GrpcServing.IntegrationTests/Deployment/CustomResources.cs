using k8s.Models;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>What the manifests hold beside Kubernetes' own kinds: as much of each as is used here, by the names its definition gives.</summary>
internal static class CustomResources
{
    public static Dictionary<string, Type> Types { get; } = new()
    {
        ["kustomize.config.k8s.io/v1beta1/Kustomization"] = typeof(Kustomization),
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(CustomResource<ServiceMonitorSpec>),
        ["serving.kserve.io/v1alpha1/ServingRuntime"] = typeof(CustomResource<ServingRuntimeSpec>),
        ["serving.kserve.io/v1beta1/InferenceService"] = typeof(CustomResource<InferenceServiceSpec>),
    };
}

internal sealed class CustomResource<TSpec>
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public V1ObjectMeta Metadata { get; set; } = new();
    public TSpec Spec { get; set; } = default!;
}

internal sealed class Kustomization
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Namespace { get; set; } = "";
    public List<string> Bases { get; set; } = [];
    public List<string> Resources { get; set; } = [];
    public List<string> PatchesStrategicMerge { get; set; } = [];
    public List<ConfigMapGenerator> ConfigMapGenerator { get; set; } = [];
    public List<KustomizedImage> Images { get; set; } = [];
}

internal sealed class ConfigMapGenerator
{
    public string Name { get; set; } = "";
    public string Behavior { get; set; } = "";
    public List<string> Literals { get; set; } = [];
}

internal sealed class KustomizedImage
{
    public string Name { get; set; } = "";
    public string NewName { get; set; } = "";
    public string NewTag { get; set; } = "";
}

internal sealed class ServiceMonitorSpec
{
    public string JobLabel { get; set; } = "";
    public V1LabelSelector Selector { get; set; } = new();
    public List<MonitoredEndpoint> Endpoints { get; set; } = [];
}

internal sealed class MonitoredEndpoint
{
    public string Port { get; set; } = "";
    public string Path { get; set; } = "";
    public string Interval { get; set; } = "";
    public string ScrapeTimeout { get; set; } = "";
}

internal sealed class ServingRuntimeSpec
{
    public Dictionary<string, string> Annotations { get; set; } = [];
    public List<ModelFormat> SupportedModelFormats { get; set; } = [];
    public List<string> ProtocolVersions { get; set; } = [];
    public bool MultiModel { get; set; }
    public List<V1Container> Containers { get; set; } = [];
    public List<V1Volume> Volumes { get; set; } = [];
}

internal sealed class ModelFormat
{
    public string Name { get; set; } = "";
    public string Version { get; set; } = "";
    public bool AutoSelect { get; set; }
    public int Priority { get; set; }
}

internal sealed class InferenceServiceSpec
{
    public Predictor Predictor { get; set; } = new();
}

internal sealed class Predictor
{
    public int MinReplicas { get; set; }
    public int MaxReplicas { get; set; }
    public int TerminationGracePeriodSeconds { get; set; }
    public PredictorModel Model { get; set; } = new();
    public AutoScaling AutoScaling { get; set; } = new();
}

internal sealed class PredictorModel
{
    public string Runtime { get; set; } = "";
    public ModelFormat ModelFormat { get; set; } = new();
    public string ProtocolVersion { get; set; } = "";
    public string StorageUri { get; set; } = "";
    public List<V1ContainerPort> Ports { get; set; } = [];
}

internal sealed class AutoScaling
{
    public List<ScalingMetric> Metrics { get; set; } = [];
}

internal sealed class ScalingMetric
{
    public string Type { get; set; } = "";
    public ExternalMetric External { get; set; } = new();
}

internal sealed class ExternalMetric
{
    public Dictionary<string, string> Metric { get; set; } = [];
    public Dictionary<string, string> Target { get; set; } = [];
}
