using System.Globalization;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>compose.yaml and the configurations of its services fit the server and each other.</summary>
public sealed class ComposeTests
{
    private static readonly ComposeFile Compose = DeployFiles.ReadSnakeCase<ComposeFile>("compose.yaml");

    [Fact]
    public void Mounts_NameWhatIsThere()
    {
        var mounts = Compose.Services.Values.SelectMany(static service => service.Volumes).Select(static volume => volume.Split(':')[0]).ToArray();

        Assert.NotEmpty(mounts);
        Assert.All(mounts, static mount =>
            Assert.True(mount.StartsWith('.') ? Path.Exists(DeployFiles.PathOf(mount)) : Compose.Volumes.ContainsKey(mount), $"nothing is at {mount}"));
    }

    [Fact]
    public void Server_IsSetUpByItsOwnSettings()
    {
        var server = Compose.Services["server"];
        var image = Dockerfile.Read(DeployFiles.PathOf(server.Build!.Context, server.Build.Dockerfile));
        var variables = image.Environment();
        variables.Remove("PATH");
        foreach (var (name, value) in server.Environment) variables[name] = value;

        var options = Settings.ReadValid(variables);

        Assert.Equal([$"127.0.0.1:{options.GrpcPort}:{options.GrpcPort}", $"127.0.0.1:{options.HttpPort}:{options.HttpPort}"], server.Ports);
        Assert.Contains(server.Volumes, volume => volume == $"captures:{options.CaptureDirectory}");
        Assert.Contains(server.Volumes, volume => volume.EndsWith($":{server.Environment["Serving__ModelRepository"]}:ro", StringComparison.Ordinal));
        Assert.True(server.ReadOnly);
        Assert.Equal(["ALL"], server.CapDrop);
        Assert.True(TimeSpan.FromSeconds(int.Parse(server.StopGracePeriod.TrimEnd('s'), CultureInfo.InvariantCulture)) > options.DrainTimeout, "the server is killed while it drains");
    }

    [Fact]
    public void Services_AreCheckedAndPinned()
    {
        Assert.All(Compose.Services, static service =>
        {
            Assert.Contains(':', service.Value.Image);
            Assert.DoesNotContain(":latest", service.Value.Image, StringComparison.Ordinal);
            // The collector's image has nothing to run a check with.
            if (service.Key != "collector") Assert.Equal("CMD", service.Value.Healthcheck!.Test[0]);
            Assert.All(service.Value.DependsOn.Keys, static name => Assert.Contains(name, Compose.Services.Keys));
            Assert.All(service.Value.Ports, static port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Collector_ListensWhereItIsSentTo_AndSendsToWhoListens()
    {
        var collector = DeployFiles.ReadSnakeCase<CollectorFile>("compose", "collector.yaml");
        var protocols = collector.Receivers["otlp"].Protocols;

        Assert.Equal($"http://collector:{Port(protocols["grpc"].Endpoint)}", Compose.Services["server"].Environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal(protocols.Values.Select(static protocol => $"127.0.0.1:{Port(protocol.Endpoint)}:{Port(protocol.Endpoint)}"), Compose.Services["collector"].Ports);
        Assert.Contains(((string)collector.Exporters["otlp/jaeger"]["endpoint"]).Split(':')[0], Compose.Services.Keys);
        Assert.Equal(["traces", "metrics", "logs"], collector.Service.Pipelines.Keys);
        Assert.All(collector.Service.Extensions, name => Assert.Contains(name, collector.Extensions.Keys));
        Assert.All(collector.Service.Pipelines.Values, pipeline =>
        {
            Assert.All(pipeline.Receivers, name => Assert.Contains(name, collector.Receivers.Keys));
            Assert.All(pipeline.Exporters, name => Assert.Contains(name, collector.Exporters.Keys));
            Assert.Equal(["memory_limiter", "batch"], pipeline.Processors);
        });
        Assert.Equal(["memory_limiter", "batch"], collector.Processors.Keys);
        var limit = int.Parse(Compose.Services["collector"].MemLimit.TrimEnd('m'), CultureInfo.InvariantCulture);
        Assert.True(int.Parse((string)collector.Processors["memory_limiter"]["limit_mib"], CultureInfo.InvariantCulture) < limit, "the limiter acts after the container was killed");
    }

    [Fact]
    public async Task Prometheus_ScrapesTheServerAndTheCollector()
    {
        var prometheus = DeployFiles.ReadSnakeCase<PrometheusFile>("compose", "prometheus.yml");
        var collector = DeployFiles.ReadSnakeCase<CollectorFile>("compose", "collector.yaml");
        var targets = prometheus.ScrapeConfigs.ToDictionary(static scrape => scrape.JobName, static scrape => scrape.StaticConfigs.Single().Targets.Single());

        Assert.Equal("server:8000", targets["grpcserving"]);
        Assert.Equal($"collector:{Port((string)collector.Exporters["prometheus"]["endpoint"])}", targets["collector"]);
        Assert.Contains(Compose.Services["prometheus"].Volumes, volume => $"{volume.Split(':')[1]}/*.yaml" == prometheus.RuleFiles.Single());

        var (code, output) = await Command.RunAsync("promtool", ["check", "config", "--syntax-only", DeployFiles.PathOf("compose", "prometheus.yml")]);
        Assert.SkipWhen(code == -1, "needs promtool; on Debian: apt-get install prometheus");
        Assert.True(code == 0, output);
    }

    [Fact]
    public void Grafana_KnowsItsDataSourcesAndFindsTheDashboards()
    {
        var sources = DeployFiles.ReadCamelCase<GrafanaDataSources>("compose", "grafana", "datasources.yaml").Datasources;
        var provider = DeployFiles.ReadCamelCase<GrafanaDashboards>("compose", "grafana", "dashboards.yaml").Providers.Single();

        Assert.All(sources, static source => Assert.Contains(new Uri(source.Url).Host, Compose.Services.Keys));
        Assert.All(sources.SelectMany(static source => source.JsonData.ExemplarTraceIdDestinations), destination => Assert.Contains(destination.DatasourceUid, sources.Select(static source => source.Uid)));
        Assert.Contains(Compose.Services["grafana"].Volumes, volume => volume.Split(':')[1] == provider.Options["path"]);
    }

    private static string Port(string endpoint) => endpoint.Split(':')[^1];
}
