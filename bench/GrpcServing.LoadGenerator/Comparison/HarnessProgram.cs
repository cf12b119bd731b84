namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>The command line of what is measured from outside, on published servers.</summary>
internal static class HarnessProgram
{
    public static readonly IReadOnlyList<string> Commands = ["compare", "memory", "start"];

    /// <param name="command">One of <see cref="Commands"/>.</param>
    /// <returns>Exit code: 0 also where the machine lacks a tool, which is said.</returns>
    public static async Task<int> RunAsync(string command, string[] args)
    {
        HarnessOptions options;
        try
        {
            options = HarnessOptions.Parse(args);
        }
        catch (FormatException wrong)
        {
            await Console.Error.WriteLineAsync($"{wrong.Message}{Environment.NewLine}{HarnessOptions.Usage}").ConfigureAwait(false);
            return 2;
        }
        if (!options.ReportOnly && await Workshop.FindMissingAsync().ConfigureAwait(false) is { Length: > 0 } missing)
        {
            Console.WriteLine($"skipped: {missing}");
            return 0;
        }
        try
        {
            var workshop = new Workshop();
            if (options.Publish && !options.ReportOnly) await workshop.PublishAsync().ConfigureAwait(false);
            var report = $"""
                {await MeasureAsync(command, options, workshop).ConfigureAwait(false)}
                Machine: {await Machine.DescribeAsync().ConfigureAwait(false)}. Commit {await workshop.CommitAsync().ConfigureAwait(false)}. Servers are native code on core {options.ServerCore}, h2load is on core {options.LoadCore}.

                    dotnet run -c Release --project bench/GrpcServing.LoadGenerator -- {command} {string.Join(' ', args)}

                """;
            Console.WriteLine(report);
            if (options.Report is { } file) await File.WriteAllTextAsync(file, report).ConfigureAwait(false);
            return 0;
        }
        catch (HarnessException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return 1;
        }
    }

    private static Task<string> MeasureAsync(string command, HarnessOptions options, Workshop workshop) => command switch
    {
        "compare" => CompareAsync(options, workshop),
        "memory" => new MemoryExperiment(options, workshop).RunAsync(),
        _ => new StartExperiment(options, workshop, TimeProvider.System).RunAsync(),
    };

    private static async Task<string> CompareAsync(HarnessOptions options, Workshop workshop)
    {
        if (options is { ReportOnly: true, Samples: { } kept }) return ComparisonReport.Write(Sample.Read(kept));
        await workshop.MakeModelsAsync([.. options.Models]).ConfigureAwait(false);
        var samples = new List<Sample>();
        var rounds = new InterleavedRounds(options, workshop, TimeProvider.System);
        foreach (var model in options.Models) await rounds.RunAsync(model, Record).ConfigureAwait(false);
        return ComparisonReport.Write(options.Samples is { } file ? Sample.Read(file) : samples);

        void Record(Sample sample)
        {
            samples.Add(sample);
            if (options.Samples is { } file) sample.AppendTo(file);
        }
    }
}
