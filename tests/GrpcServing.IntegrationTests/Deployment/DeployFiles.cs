using GrpcServing.IntegrationTests.Hosting;
using k8s;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>The files under deploy/, read so that a key which their reader does not know is an error.</summary>
internal static class DeployFiles
{
    private static readonly IDeserializer SnakeCase = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithDuplicateKeyChecking().Build();

    private static readonly IDeserializer CamelCase = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).WithDuplicateKeyChecking().Build();

    public static string Root { get; } = Path.Combine(TestPaths.Root, "deploy");

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file whose keys are <c>like_this</c>.</summary>
    /// <exception cref="YamlException">It holds a key that <typeparamref name="T"/> does not have.</exception>
    public static T ReadSnakeCase<T>(params string[] parts) => SnakeCase.Deserialize<T>(File.ReadAllText(PathOf(parts)));

    /// <summary>A file whose keys are <c>likeThis</c>.</summary>
    /// <exception cref="YamlException">It holds a key that <typeparamref name="T"/> does not have.</exception>
    public static T ReadCamelCase<T>(params string[] parts) => CamelCase.Deserialize<T>(File.ReadAllText(PathOf(parts)));

    /// <summary>Every object of a text in Kubernetes' YAML, as Kubernetes' own types and those of <see cref="CustomResources"/>.</summary>
    public static List<object> ReadManifests(string yaml) => KubernetesYaml.LoadAllFromString(yaml, CustomResources.Types, strict: true);

    public static T ReadManifest<T>(params string[] parts) => ReadManifests(File.ReadAllText(PathOf(parts))).OfType<T>().Single();
}
