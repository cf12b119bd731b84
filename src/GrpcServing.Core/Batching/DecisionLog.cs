using System.Collections.Immutable;
using System.Globalization;
using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>Replays what a <see cref="RecordingScheduler"/> wrote.</summary>
public static class DecisionLog
{
    /// <summary>Tells a new scheduler of the same settings everything that the log says happened, and writes down what it answers.</summary>
    /// <param name="log">As recorded. What was answered then is not looked at.</param>
    /// <param name="again">Receives the log of the replay: equal to <paramref name="log"/> when every decision was the same.</param>
    /// <exception cref="FormatException">A line is not one of a decision log; the message has its number.</exception>
    public static void Replay(TextReader log, TextWriter again)
    {
        RecordingScheduler? scheduler = null;
        var entries = new Dictionary<long, ReplayedEntry>();
        var running = new Dictionary<int, Batch>();
        var number = 0;
        while (log.ReadLine() is { } line)
        {
            number++;
            try
            {
                var fields = line.Split(' ');
                if (scheduler is null)
                {
                    scheduler = Open(fields, again);
                    continue;
                }
                Apply(fields, scheduler, entries, running);
            }
            catch (Exception fault) when (fault is FormatException or OverflowException or IndexOutOfRangeException or KeyNotFoundException or ArgumentException)
            {
                throw new FormatException($"Line {number} is not one of a decision log: '{line}' ({fault.Message})", fault);
            }
        }
    }

    private static RecordingScheduler Open(string[] fields, TextWriter again)
    {
        if (fields[0] != "S") throw new FormatException("expected the settings, a line that starts with S");
        var settings = new SchedulerSettings
        {
            MaxBatchRows = (int)Number(fields[2]),
            Executors = (int)Number(fields[3]),
            TicksPerSecond = Number(fields[4]),
            MaxQueueDelayTicks = Number(fields[5]),
            Levels = (int)Number(fields[6]),
            Seed = ulong.Parse(fields[7], CultureInfo.InvariantCulture),
            PreferredBatchSizes = Numbers(fields[9]),
            MaxQueueSizes = Numbers(fields[10]),
        };
        return new RecordingScheduler(Enum.Parse<BatchPolicyKind>(fields[1]), settings, new MeasuredLatencyTable((int)Number(fields[8])), again);
    }

    private static void Apply(string[] fields, RecordingScheduler scheduler, Dictionary<long, ReplayedEntry> entries, Dictionary<int, Batch> running)
    {
        switch (fields[0])
        {
            case "O":
                scheduler.Observe((int)Number(fields[1]), (int)Number(fields[2]), Number(fields[3]));
                break;
            case "A":
                var entry = new ReplayedEntry
                {
                    ArrivedAt = Number(fields[3]),
                    Deadline = Number(fields[4]),
                    QueueExpiry = Number(fields[5]),
                    DelayOnExpiry = fields[6] == "1",
                    Rows = (int)Number(fields[7]),
                    BucketId = (int)Number(fields[8]),
                    Level = (int)Number(fields[9]),
                };
                entries.Add(Number(fields[2]), entry);
                scheduler.Arrive(entry, Number(fields[1]));
                break;
            case "C":
                scheduler.Cancel(entries[Number(fields[2])], Number(fields[1]));
                break;
            case "F":
                if (!running.Remove((int)Number(fields[2]), out var finished)) break;
                finished.CostTicks = Number(fields[5]);
                scheduler.Finished(finished, fields[4] == "1", Number(fields[3]), Number(fields[1]));
                break;
            case "D":
                var batch = new Batch();
                // A replay that has gone another way shows that in its log; the last batch of an executor is then as good as any.
                if (scheduler.Decide(Number(fields[1]), batch).Run) running[batch.Executor] = batch;
                break;
            case "Q":
                scheduler.Drain();
                break;
            case "R" or "W" or "X":
                break;
            default:
                throw new FormatException("unknown kind of line");
        }
        scheduler.Refused.Clear();
    }

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    private static ImmutableArray<int> Numbers(string field) =>
        field == "[]" ? [] : [.. field.Trim('[', ']').Split(',').Select(static number => (int)Number(number))];

    private sealed class ReplayedEntry : QueueEntry;
}
