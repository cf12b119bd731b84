namespace GrpcServing.Models;

/// <summary>Gathers everything that is wrong with one model's configuration, so that it is reported at once.</summary>
internal sealed class ConfigurationErrors
{
    private readonly List<(int Line, string Message)> _errors = [];

    public bool Any => _errors.Count > 0;

    /// <param name="where">File and field, as <see cref="Setting{T}.Where"/>.</param>
    /// <param name="problem">Follows the field in the sentence: "(0) must be 1..64".</param>
    /// <param name="line">Orders the report where one file's fields are not read in the order in which they stand; else 0.</param>
    public void Add(string where, string problem, int line = 0) => _errors.Add((line, $"{where} {problem}"));

    /// <exception cref="ModelLoadException">When anything was added; names the model and carries every error.</exception>
    public void ThrowIfAny(string modelName, Exception? inner = null)
    {
        if (!Any) return;
        var messages = _errors.OrderBy(static error => error.Line).Select(static error => error.Message).Distinct().ToArray();
        throw new ModelLoadException(messages.Length == 1
            ? $"model '{modelName}': {messages[0]}"
            : $"model '{modelName}' has {messages.Length} errors in its configuration:\n  {string.Join("\n  ", messages)}", inner);
    }
}
