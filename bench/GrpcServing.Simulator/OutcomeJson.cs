using System.Text;
using System.Text.Json;

namespace GrpcServing.Simulator;

/// <summary>The JSON object of <c>run</c>.</summary>
internal static class OutcomeJson
{
    public static string Write(Outcome outcome)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("offered", outcome.Offered);
            json.WriteNumber("onTime", outcome.OnTime);
            json.WriteNumber("late", outcome.Late);
            json.WriteStartObject("refused");
            foreach (var (reason, count) in outcome.Refused) json.WriteNumber(reason.ToString(), count);
            json.WriteEndObject();
            json.WriteNumber("batches", outcome.Batches);
            json.WriteNumber("meanBatchRows", outcome.Batches == 0 ? 0 : Math.Round((double)outcome.BatchRows / outcome.Batches, 4));
            json.WriteNumber("deviceBusySeconds", (double)outcome.BusyTicks / Profile.TicksPerSecond);
            json.WriteNumber("wastedDeviceSeconds", Math.Round(outcome.WastedTicks) / Profile.TicksPerSecond);
            json.WriteStartObject("decisionMicroseconds");
            json.WriteNumber("mean", Math.Round(outcome.DecisionMicroseconds.DefaultIfEmpty().Average(), 3));
            json.WriteNumber("p99", Math.Round(Outcome.Percentile(outcome.DecisionMicroseconds, 0.99), 3));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
