using System.Text;

namespace GrpcServing.Models;

/// <summary>What must be known of a model before any of its files is loaded.</summary>
/// <param name="Versions">Which version directories are served.</param>
/// <param name="Device">As <see cref="ExecutionConfiguration.Device"/>; the runtime says whether it is there.</param>
/// <param name="ModelFile">Path of the model file inside a version directory.</param>
/// <param name="Candidate">Version that a configured shadow compares with the one that serves; 0 = there is none.</param>
internal sealed record ModelLayout(VersionPolicy Versions, string Device, string ModelFile, long Candidate = 0);

/// <summary>Reads how a model is served: its model.json, a Triton config.pbtxt beside it, and what the graph itself says.</summary>
/// <remarks>
/// Both files may be missing; values of model.json go before those of config.pbtxt. Blocking file access; no state; any thread. Errors are
/// reported together, as one <see cref="ModelLoadException"/> that names the model and every file and field at fault.
/// </remarks>
internal static class ConfigurationReader
{
    /// <summary>A larger file is not a configuration.</summary>
    private const int MaxFileBytes = 4 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The first pass: needs no graph, and reports every error that can be seen without one.</summary>
    /// <param name="modelDirectory">Its last part is the model's name.</param>
    /// <exception cref="ModelLoadException">A file is wrong or cannot be read.</exception>
    public static ModelLayout ReadLayout(string modelDirectory)
    {
        var draft = ReadFiles(modelDirectory);
        return new ModelLayout(
            draft.Versions?.Value ?? VersionPolicy.NewestOnly,
            draft.Device?.Value ?? new ExecutionConfiguration().Device,
            draft.ModelFile ?? ConfigurationCompletion.DefaultModelFile,
            draft.Shadow?.Candidate ?? 0);
    }

    /// <summary>What a model promises; null when its files say nothing of it.</summary>
    /// <param name="modelDirectory">Its last part is the model's name.</param>
    /// <exception cref="ModelLoadException">A file is wrong or cannot be read.</exception>
    public static SloConfiguration? ReadSlo(string modelDirectory) => ReadFiles(modelDirectory).Slo;

    /// <summary>The whole configuration, completed from the graph and checked against it.</summary>
    /// <param name="modelDirectory">Its last part is the model's name.</param>
    /// <param name="graph">Of the version to be served.</param>
    /// <exception cref="ModelLoadException">A file is wrong, cannot be read, or does not fit the graph.</exception>
    public static ModelConfiguration Read(string modelDirectory, GraphSpec graph)
    {
        var draft = ReadFiles(modelDirectory);
        var errors = new ConfigurationErrors();
        var configuration = ConfigurationCompletion.Complete(draft, graph, modelDirectory, errors);
        errors.ThrowIfAny(NameOf(modelDirectory));
        return configuration;
    }

    public static string NameOf(string modelDirectory) => Path.GetFileName(Path.TrimEndingDirectorySeparator(modelDirectory));

    private static ConfigurationDraft ReadFiles(string modelDirectory)
    {
        var name = NameOf(modelDirectory);
        var draft = new ConfigurationDraft();
        var errors = new ConfigurationErrors();
        if (ReadFile(modelDirectory, TritonSection.FileName, errors) is { } triton)
        {
            if (Decode(triton, TritonSection.FileName, errors) is { } text) TritonConfigurationReader.Read(text, name, draft, errors);
        }
        if (ReadFile(modelDirectory, ModelJsonReader.FileName, errors) is { } json) ModelJsonReader.Read(json, draft, errors);
        errors.ThrowIfAny(name);
        return draft;
    }

    private static byte[]? ReadFile(string modelDirectory, string fileName, ConfigurationErrors errors)
    {
        var path = Path.Combine(modelDirectory, fileName);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists && !Directory.Exists(path)) return null;
            if (file.Exists && file.Length > MaxFileBytes)
            {
                errors.Add($"{fileName}:", $"the file has {file.Length} bytes; a configuration has at most {MaxFileBytes}");
                return null;
            }
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{fileName}:", $"cannot be read: {e.Message}");
            return null;
        }
    }

    private static string? Decode(byte[] utf8, string fileName, ConfigurationErrors errors)
    {
        try
        {
            return StrictUtf8.GetString(utf8).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            errors.Add($"{fileName}:", "the file is not UTF-8 text");
            return null;
        }
    }
}
