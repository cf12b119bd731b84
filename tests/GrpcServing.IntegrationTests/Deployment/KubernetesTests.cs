using System.Net;
using Grpc.Health.V1;
using GrpcServing.IntegrationTests.Hosting;
using k8s.Models;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>The manifests are what Kubernetes takes, and fit the server and each other.</summary>
public sealed class KubernetesTests
{
    public static TheoryData<string> Manifests =>
        [.. Directory.EnumerateFiles(DeployFiles.PathOf("kubernetes"), "*.yaml", SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(DeployFiles.PathOf("kubernetes"), file))
            .Where(static file => !file.StartsWith("prometheus-adapter", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Manifests))]
    public void File_HoldsNothingThatItsKindDoesNotKnow(string file) =>
        Assert.NotEmpty(DeployFiles.ReadManifests(File.ReadAllText(DeployFiles.PathOf("kubernetes", file))));

    [Fact]
    public void Reader_OfAMistypedKey_Throws() =>
        Assert.Throws<YamlDotNet.Core.YamlException>(() => DeployFiles.ReadManifests(File.ReadAllText(DeployFiles.PathOf("kubernetes", "base", "deployment.yaml")).Replace("readinessProbe", "readynessProbe", StringComparison.Ordinal)));

    [Theory]
    [InlineData("base", "Deployment HorizontalPodAutoscaler ConfigMap NetworkPolicy PodDisruptionBudget Service Service ServiceMonitor")]
    [InlineData("overlays/production", "Deployment HorizontalPodAutoscaler ConfigMap Namespace NetworkPolicy PersistentVolumeClaim PodDisruptionBudget Service Service ServiceMonitor")]
    [InlineData("overlays/gpu", "Deployment HorizontalPodAutoscaler ConfigMap Namespace NetworkPolicy PersistentVolumeClaim PodDisruptionBudget Service Service ServiceMonitor")]
    public async Task Kustomize_BuildsADeploymentThatDrains_UnderTheServersSettings(string directory, string kinds)
    {
        var objects = await BuildAsync(directory);
        var deployment = objects.OfType<V1Deployment>().Single();
        var pod = deployment.Spec.Template.Spec;
        var server = pod.Containers.Single();
        var variables = objects.OfType<V1ConfigMap>().Single();
        var options = Settings.ReadValid(variables.Data);

        Assert.Equal(kinds.Split(' ').Order(StringComparer.Ordinal), objects.Select(static item => item is k8s.IKubernetesObject known ? known.Kind : ((CustomResource<ServiceMonitorSpec>)item).Kind).Order(StringComparer.Ordinal));
        Assert.Equal(variables.Metadata.Name, server.EnvFrom.Single().ConfigMapRef.Name);
        Assert.Equal([("grpc", options.GrpcPort), ("http", options.HttpPort)], server.Ports.Select(static port => (port.Name, port.ContainerPort)));
        Assert.Equal(IPAddress.Any, options.ListenAddress);
        Assert.Contains(server.VolumeMounts, mount => mount.MountPath == options.CaptureDirectory);
        if (variables.Data.TryGetValue("Serving__ModelRepository", out var repository)) Assert.Contains(server.VolumeMounts, mount => mount.MountPath == repository && mount.ReadOnlyProperty == true);
        Assert.All(server.VolumeMounts, mount => Assert.Contains(mount.Name, pod.Volumes.Select(static volume => volume.Name)));
        Assert.True(pod.TerminationGracePeriodSeconds >= server.Lifecycle.PreStop.Sleep.Seconds + options.DrainTimeout.TotalSeconds + 5, "the pod is killed while it drains");
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
        Assert.True(server.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(server.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], server.SecurityContext.Capabilities.Drop);
        Assert.Null(deployment.Spec.Replicas);
    }

    [Fact]
    public async Task Probes_AreAnsweredByTheServer()
    {
        var container = DeployFiles.ReadManifest<V1Deployment>("kubernetes", "base", "deployment.yaml").Spec.Template.Spec.Containers.Single();
        var runtime = DeployFiles.ReadManifest<CustomResource<ServingRuntimeSpec>>("kubernetes", "kserve", "servingruntime.yaml").Spec.Containers.Single();
        await using var server = await RunningServer.StartAsync(TestPaths.Models);

        foreach (var probe in new[] { container.StartupProbe, container.LivenessProbe, runtime.ReadinessProbe, runtime.LivenessProbe })
        {
            using var answer = await server.Http.GetAsync(new Uri(probe.HttpGet.Path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        Assert.Equal(container.Ports.Single(static port => port.Name == "grpc").ContainerPort, container.ReadinessProbe.Grpc.Port);
        var health = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = container.ReadinessProbe.Grpc.Service ?? "" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public void Selectors_FindThePods_AndPrometheusOneServiceOfTheTwo()
    {
        var labels = DeployFiles.ReadManifest<V1Deployment>("kubernetes", "base", "deployment.yaml").Spec.Template.Metadata.Labels;
        var services = new[] { "service.yaml", "service-headless.yaml" }.Select(static file => DeployFiles.ReadManifest<V1Service>("kubernetes", "base", file)).ToArray();
        var monitor = DeployFiles.ReadManifest<CustomResource<ServiceMonitorSpec>>("kubernetes", "base", "servicemonitor.yaml").Spec;

        Assert.All(services, service => Assert.All(service.Spec.Selector, label => Assert.Equal(label.Value, labels[label.Key])));
        Assert.Equal(labels, DeployFiles.ReadManifest<V1PodDisruptionBudget>("kubernetes", "base", "poddisruptionbudget.yaml").Spec.Selector.MatchLabels);
        Assert.Equal(labels, DeployFiles.ReadManifest<V1NetworkPolicy>("kubernetes", "base", "networkpolicy.yaml").Spec.PodSelector.MatchLabels);
        Assert.Equal("None", services[1].Spec.ClusterIP);
        var scraped = Assert.Single(services, service => monitor.Selector.MatchLabels.All(label => service.Metadata.Labels[label.Key] == label.Value));
        Assert.Contains(monitor.Endpoints.Single().Port, scraped.Spec.Ports.Select(static port => port.Name));
        // The job's name in the alerts of deploy/observability.
        Assert.Equal("grpcserving", scraped.Metadata.Labels[monitor.JobLabel]);
    }

    [Fact]
    public async Task Autoscaler_AsksForTheMetricThatTheAdapterMakes()
    {
        var rule = DeployFiles.ReadCamelCase<AdapterValues>("kubernetes", "prometheus-adapter", "values.yaml").Rules.Custom.Single();
        var autoscaler = DeployFiles.ReadManifest<V2HorizontalPodAutoscaler>("kubernetes", "base", "horizontalpodautoscaler.yaml").Spec;

        Assert.Equal(rule.Name["as"], autoscaler.Metrics.Single(static metric => metric.Type == "Pods").Pods.Metric.Name);
        Assert.Equal("grpcserving", autoscaler.ScaleTargetRef.Name);

        // As the adapter asks it: both templates filled in.
        var query = rule.MetricsQuery.Replace("<<.LabelMatchers>>", """namespace="n",pod=~"a|b" """, StringComparison.Ordinal).Replace("<<.GroupBy>>", "pod", StringComparison.Ordinal);
        using var directory = new TemporaryDirectory();
        var rules = Path.Combine(directory.Path, "rules.yaml");
        await File.WriteAllTextAsync(rules, $"groups:\n- name: adapter\n  rules:\n  - record: queue_time\n    expr: >-\n      {query.Replace("\n", " ", StringComparison.Ordinal)}\n", TestContext.Current.CancellationToken);
        var (code, output) = await Command.RunAsync("promtool", ["check", "rules", rules]);
        Assert.SkipWhen(code == -1, "needs promtool; on Debian: apt-get install prometheus");
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Adapter_AsksForWhatTheServerExports()
    {
        var rule = DeployFiles.ReadCamelCase<AdapterValues>("kubernetes", "prometheus-adapter", "values.yaml").Rules.Custom.Single();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        await server.Client.InferAsync(Digits.Request(0));

        var exported = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        var series = rule.SeriesQuery.Split('{')[0];
        Assert.Contains("lane=\"primary\"", rule.SeriesQuery, StringComparison.Ordinal);
        foreach (var name in new[] { series, series.Replace("_count", "_sum", StringComparison.Ordinal) })
        {
            Assert.Contains(name, rule.MetricsQuery, StringComparison.Ordinal);
            Assert.Contains(exported.Split('\n'), line => line.StartsWith($"{name}{{", StringComparison.Ordinal) && line.Contains("lane=\"primary\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task KServe_OfTheLayoutThatItMounts_ServesTheModelByTheServicesName()
    {
        var runtime = (await BuildAsync("kserve")).OfType<CustomResource<ServingRuntimeSpec>>().Single();
        var container = runtime.Spec.Containers.Single();
        var service = DeployFiles.ReadManifest<CustomResource<InferenceServiceSpec>>("kubernetes", "kserve", "inferenceservice.yaml");
        var model = service.Spec.Predictor.Model;
        Assert.Equal("kserve-container", container.Name);
        Assert.Equal(runtime.Metadata.Name, model.Runtime);
        Assert.Contains(model.ProtocolVersion, runtime.Spec.ProtocolVersions);
        Assert.Contains(model.ModelFormat.Name, runtime.Spec.SupportedModelFormats.Select(static format => format.Name));

        // What the storage initializer leaves in /mnt/models: the contents of storageUri.
        using var mounted = new TemporaryDirectory();
        TestPaths.CopyModel(TestPaths.Examples, service.Metadata.Name, mounted.Path);
        var arguments = container.Args.Select(argument => argument.Replace("/mnt/models", mounted.Path, StringComparison.Ordinal).Replace("{{.Name}}", service.Metadata.Name, StringComparison.Ordinal)).ToArray();
        var options = Settings.ReadValid([.. container.Env.Select(static variable => KeyValuePair.Create(variable.Name, variable.Value)), .. arguments.Select(static argument => argument[2..].Split('=', 2)).Select(static parts => KeyValuePair.Create(parts[0], parts[1]))]);
        await using var server = await RunningServer.StartAsync(mounted.Path, [.. arguments.Where(static argument => !argument.Contains("Port=", StringComparison.Ordinal))]);

        Assert.Equal(model.Ports.Single().ContainerPort, options.GrpcPort);
        Assert.Equal(int.Parse(runtime.Spec.Annotations["prometheus.kserve.io/port"], System.Globalization.CultureInfo.InvariantCulture), options.HttpPort);
        Assert.Equal(options.HttpPort.ToString(System.Globalization.CultureInfo.InvariantCulture), container.ReadinessProbe.HttpGet.Port.Value);
        Assert.True(service.Spec.Predictor.TerminationGracePeriodSeconds > options.DrainTimeout.TotalSeconds);
        using var ready = await server.Http.GetAsync(new Uri($"/v2/models/{service.Metadata.Name}/ready", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    private static async Task<List<object>> BuildAsync(string directory)
    {
        var (code, output) = await Command.RunAsync("kubectl", ["kustomize", DeployFiles.PathOf("kubernetes", directory)]);
        Assert.SkipWhen(code == -1, "needs kubectl; on Debian: apt-get install kubernetes-client");
        Assert.True(code == 0, output);
        // Newer kubectls warn on standard error of fields that older ones need; a line of YAML comment each.
        return DeployFiles.ReadManifests(output);
    }
}
