using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace GrpcServing.Tests;

/// <summary>References point one way, and a file's folder says its namespace.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Root = FindRoot();

    /// <summary>What each project may reference of ours.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["GrpcServing.Protos"] = [],
        ["GrpcServing.Core"] = [],
        ["GrpcServing.Onnx"] = ["GrpcServing.Core"],
        ["GrpcServing.Server"] = ["GrpcServing.Core", "GrpcServing.Onnx", "GrpcServing.Protos"],
        // Core: the verdict of a file must be the server's own code, not a second copy.
        ["GrpcServing.Cli"] = ["GrpcServing.Core", "GrpcServing.Protos"],
        ["GrpcServing.LoadGenerator"] = ["GrpcServing.Protos"],
    };

    public static TheoryData<string> SourceProjects => [.. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(static file => Path.GetFileNameWithoutExtension(file)).Order()];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void ProjectReferences_OfSource_PointOneWay(string project)
    {
        var references = Project(project).Descendants("ProjectReference").Select(static reference => Path.GetFileNameWithoutExtension(Include(reference)));

        Assert.Empty(references.Except(Allowed[project]));
    }

    [Fact]
    public void PackageReferences_OfCore_AreOfTheFrameworkOnly()
    {
        var project = Project("GrpcServing.Core");

        // .NET's own vector arithmetic and hashes, which come as packages without dependencies.
        Assert.Equal(["System.Numerics.Tensors", "System.IO.Hashing"], project.Descendants("PackageReference").Select(Include));
        Assert.Empty(project.Descendants("FrameworkReference").Select(Include));
        Assert.Equal("Microsoft.NET.Sdk", (string?)project.Attribute("Sdk"));
    }

    [Fact]
    public void AssemblyReferences_OfCore_AreTheFrameworkOnly()
    {
        var references = typeof(ServingError).Assembly.GetReferencedAssemblies().Select(static name => name.Name!);

        Assert.All(references, static name => Assert.True(name.StartsWith("System.", StringComparison.Ordinal) || name is "System" or "netstandard", name));
    }

    [Fact]
    public void OnnxRuntime_IsKnownToOneProject()
    {
        var users = SourceProjects.Select(static row => (string)row.Data).Where(static project => Project(project).Descendants("PackageReference").Any(static package => Include(package).StartsWith("Microsoft.ML.OnnxRuntime", StringComparison.Ordinal)));

        Assert.Equal(["GrpcServing.Onnx"], users);
    }

    [Fact]
    public void Assemblies_OfSource_DeclareThemselvesAotCompatible()
    {
        Assembly[] assemblies = [typeof(ServingError).Assembly, typeof(Onnx.OnnxModelRuntime).Assembly, typeof(Protos.ModelInferRequest).Assembly, typeof(GrpcServing.Hosting.ServingOptions).Assembly, typeof(Gserve).Assembly];

        Assert.All(assemblies, static assembly => Assert.Contains(assembly.GetCustomAttributes<AssemblyMetadataAttribute>(), static metadata => metadata is { Key: "IsAotCompatible", Value: "True" }));
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Namespaces_OfSource_AreTheRooms(string project)
    {
        var directory = Path.Combine(Root, "src", project);
        var home = project == "GrpcServing.Onnx" ? "GrpcServing.Onnx" : "GrpcServing";
        var strangers = Files(directory)
            .Select(file => (File: file, Expected: Room(home, Path.GetRelativePath(directory, file)), Found: Namespace().Match(File.ReadAllText(file))))
            .Where(static file => file.Found.Success && file.Found.Groups[1].Value != file.Expected)
            .Select(static file => $"{file.File}: expected {file.Expected}, found {file.Found.Groups[1].Value}");

        Assert.Empty(strangers);
    }

    [Fact]
    public void Solution_ListsEveryProject()
    {
        var solution = File.ReadAllText(Path.Combine(Root, "GrpcServing.sln"));
        string[] folders = ["src", "tests", "bench"];
        var projects = folders.Select(static folder => Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(static folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories)).Select(static file => Path.GetFileName(file));

        Assert.All(projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    private static XElement Project(string name) => XElement.Load(Path.Combine(Root, "src", name, $"{name}.csproj"));

    private static string Include(XElement item) => (string)item.Attribute("Include")!;

    private static IEnumerable<string> Files(string directory) =>
        Directory.EnumerateFiles(directory, "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetRelativePath(directory, file).Split(Path.DirectorySeparatorChar)[0] is not ("obj" or "bin"));

    /// <summary>One word per room: the first folder; what lies deeper belongs to the room.</summary>
    private static string Room(string home, string file) => file.Split(Path.DirectorySeparatorChar) is [var room, _, ..] ? $"{home}.{room}" : home;

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "GrpcServing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests run outside of a checkout: GrpcServing.sln was not found above them.");
        return directory;
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
