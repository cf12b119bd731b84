namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>The instructions of a Dockerfile, continued lines joined, comments left out.</summary>
internal sealed class Dockerfile
{
    private static readonly string[] Known =
        ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

    private Dockerfile(IReadOnlyList<(string Name, string Arguments)> instructions) => Instructions = instructions;

    public IReadOnlyList<(string Name, string Arguments)> Instructions { get; }

    /// <summary>From the last FROM on: what the image is made of.</summary>
    public IEnumerable<(string Name, string Arguments)> FinalStage => Instructions.Skip(Instructions.ToList().FindLastIndex(static instruction => instruction.Name == "FROM"));

    /// <exception cref="InvalidDataException">A line is no instruction.</exception>
    public static Dockerfile Read(string path)
    {
        var instructions = new List<(string Name, string Arguments)>();
        var open = "";
        foreach (var line in File.ReadLines(path).Select(static line => line.Trim()).Where(static line => line.Length > 0 && line[0] != '#'))
        {
            if (line.EndsWith('\\'))
            {
                open += line[..^1];
                continue;
            }
            var words = (open + line).Split(' ', 2, StringSplitOptions.TrimEntries);
            if (!Known.Contains(words[0]) || words.Length < 2) throw new InvalidDataException($"{path}: '{open + line}' is no instruction");
            instructions.Add((words[0], words[1]));
            open = "";
        }
        return new Dockerfile(instructions);
    }

    /// <summary>What the last of these instructions says.</summary>
    public string Final(string name) => FinalStage.Last(instruction => instruction.Name == name).Arguments;

    /// <summary>The variables that the image sets.</summary>
    public Dictionary<string, string> Environment() =>
        FinalStage.Where(static instruction => instruction.Name == "ENV")
            .SelectMany(static instruction => instruction.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(static assignment => assignment.Split('=', 2))
            .ToDictionary(static parts => parts[0], static parts => parts[1]);

    /// <summary>Files and directories of the checkout that are copied in.</summary>
    public IEnumerable<string> Sources() =>
        Instructions.Where(static instruction => instruction.Name == "COPY" && !instruction.Arguments.Contains("--from=", StringComparison.Ordinal))
            .SelectMany(static instruction => instruction.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).SkipLast(1));
}
