using System.Collections.Immutable;
using System.Globalization;

namespace GrpcServing.Models;

/// <summary>Reads the directory structure of a model repository: <c>repository/model/version/model.onnx</c>.</summary>
internal static class RepositoryScanner
{
    /// <summary>Directories that are models: those with a version directory, a model.json or a config.pbtxt, and those that cannot be read.</summary>
    public static ImmutableArray<string> Models(string repository) =>
    [
        .. Directory.EnumerateDirectories(repository)
            .Where(IsModel)
            .Select(static directory => Path.GetFileName(directory))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Version directories of a model: positive integers without a leading zero or sign.</summary>
    public static ImmutableArray<long> Versions(string modelDirectory) =>
    [
        .. Directory.EnumerateDirectories(modelDirectory)
            .Select(static directory => Path.GetFileName(directory))
            .Where(static name => long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0 && name[0] != '0')
            .Select(static name => long.Parse(name, CultureInfo.InvariantCulture))
            .Order(),
    ];

    private static bool IsModel(string directory)
    {
        // At the root of many a mounted volume, for the superuser only.
        if (Path.GetFileName(directory) == "lost+found") return false;
        try
        {
            return !Versions(directory).IsEmpty || File.Exists(Path.Combine(directory, "model.json")) || File.Exists(Path.Combine(directory, "config.pbtxt"));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Perhaps a model: loading it says what is wrong, and the others are served.
            return true;
        }
    }
}
