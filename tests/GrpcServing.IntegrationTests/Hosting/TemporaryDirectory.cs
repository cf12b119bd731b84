namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>A new directory that goes with its owner.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("grpcserving-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
