using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Baselines;

/// <summary>One session for each <c>&lt;repository&gt;/&lt;model&gt;/1/model.onnx</c>. Any thread.</summary>
internal sealed class ModelSessions : IDisposable
{
    private readonly Dictionary<string, InferenceSession> _sessions = [];

    public ModelSessions(string repository)
    {
        foreach (var directory in Directory.EnumerateDirectories(repository))
            _sessions.Add(Path.GetFileName(directory), Open(Path.Combine(directory, "1", "model.onnx")));
    }

    public InferenceSession? Find(string model) => _sessions.GetValueOrDefault(model);

    /// <summary>With one thread a run: the service has one core, and the runtime's own threads would leave it.</summary>
    public static InferenceSession Open(string file)
    {
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        return new InferenceSession(file, options);
    }

    public void Dispose()
    {
        foreach (var session in _sessions.Values) session.Dispose();
    }
}
