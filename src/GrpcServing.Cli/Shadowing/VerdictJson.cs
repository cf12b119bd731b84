using System.Buffers;
using System.Text;
using System.Text.Json;

namespace GrpcServing.Shadowing;

/// <summary>The one JSON object that <c>gserve shadow verdict</c> prints.</summary>
internal static class VerdictJson
{
    public static string Write(BetaBinomialTest test)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        WriteTest(json, test);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The properties of the object, into one that the caller has begun.</summary>
    public static void WriteTest(Utf8JsonWriter json, BetaBinomialTest test)
    {
        var (lower, upper) = test.Interval();
        var eValue = Math.Exp(test.LogE);
        json.WriteString("verdict", Name(test.Verdict));
        json.WriteNumber("pairs", test.Observations);
        json.WriteNumber("disagreements", test.Ones);
        if (double.IsFinite(eValue)) json.WriteNumber("eValue", eValue);
        else json.WriteNull("eValue");
        json.WriteNumber("logE", test.LogE);
        json.WriteNumber("lower", lower);
        json.WriteNumber("upper", upper);
        if (test.DecidedAt is { } pair) json.WriteNumber("decidedAt", pair);
        else json.WriteNull("decidedAt");
    }

    public static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "PASS",
        Verdict.Fail => "FAIL",
        _ => "UNDECIDED",
    };
}
