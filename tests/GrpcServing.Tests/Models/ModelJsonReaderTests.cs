using System.Text;
using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

public class ModelJsonReaderTests
{
    private static (ConfigurationDraft Draft, string[] Errors) Read(string json)
    {
        var (draft, errors) = (new ConfigurationDraft(), new ConfigurationErrors());
        ModelJsonReader.Read(Encoding.UTF8.GetBytes(json), draft, errors);
        if (!errors.Any) return (draft, []);
        var message = Assert.Throws<ModelLoadException>(() => errors.ThrowIfAny("m")).Message;
        return (draft, [.. message.Split('\n').Select(static line => line.Trim().Replace("model 'm': ", "", StringComparison.Ordinal)).Where(static line => !line.EndsWith("in its configuration:", StringComparison.Ordinal))]);
    }

    [Fact]
    public void Read_EveryKey_IsTaken()
    {
        var (draft, errors) = Read("""
            // how the model is served
            { "maxBatchSize": 32,
              "deadline":  { "default": "00:00:00.250" },
              "batching":  { "policy": "delay", "maxQueueDelay": "00:00:00.002", "preferredBatchSizes": [4, 8], "maxQueueRows": 512,
                             "maxQueueBytes": 1048576, "priorityLevels": 3, "defaultPriority": 2, "preserveOrdering": false },
              "execution": { "device": "cuda:1", "instances": 2, "intraOpThreads": 4, "interOpThreads": 1 },
              "versions":  { "specific": [3, 1, 3] },
              "shadow":    { "candidate": 2, "fraction": 0.5 }, /* trailing commas too */
            }
            """);

        Assert.Empty(errors);
        Assert.Equal(32, draft.MaxBatchSize?.Value);
        Assert.Equal(TimeSpan.FromMilliseconds(250), draft.DefaultDeadline?.Value);
        Assert.Equal(BatchPolicyKind.Delay, draft.Policy?.Value);
        Assert.Equal(TimeSpan.FromMilliseconds(2), draft.MaxQueueDelay?.Value);
        Assert.Equal([4, 8], draft.PreferredBatchSizes!.Value);
        Assert.Equal(512, draft.MaxQueueRows?.Value);
        Assert.Equal(1 << 20, draft.MaxQueueBytes?.Value);
        Assert.Equal(3, draft.PriorityLevels?.Value);
        Assert.Equal(2, draft.DefaultPriority?.Value);
        Assert.False(draft.PreserveOrdering!.Value);
        Assert.Equal("cuda:1", draft.Device?.Value);
        Assert.Equal(2, draft.Instances?.Value);
        Assert.Equal(4, draft.IntraOpThreads?.Value);
        Assert.Equal(1, draft.InterOpThreads?.Value);
        Assert.Equal([1L, 3L], Assert.IsType<VersionPolicy.Specific>(draft.Versions!.Value).Versions);
        Assert.Equal((2, 0.5), (draft.Shadow!.Candidate, draft.Shadow.Fraction));
        Assert.Empty(draft.Remarks);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("\uFEFF{}")]
    [InlineData("""{ "batching": {}, "execution": {}, "deadline": {} }""")]
    public void Read_NothingSaid_LeavesTheDraftAlone(string json)
    {
        var (draft, errors) = Read(json);

        Assert.Empty(errors);
        Assert.Null(draft.MaxBatchSize);
        Assert.Null(draft.Policy);
        Assert.Null(draft.Device);
        Assert.Empty(draft.Remarks);
    }

    [Theory]
    [InlineData("""{ "versions": { "latest": 2 } }""", "1 2 3", "2 3")]
    [InlineData("""{ "versions": { "all": true } }""", "3 1 2", "1 2 3")]
    [InlineData("""{ "versions": { "specific": [2, 9] } }""", "1 2 3", "2")]
    public void Read_Versions_SelectsThem(string json, string available, string selected)
    {
        var (draft, errors) = Read(json);

        Assert.Empty(errors);
        var versions = draft.Versions!.Value.Select(available.Split(' ').Select(static version => long.Parse(version, null)));
        Assert.Equal(selected, string.Join(' ', versions));
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda")]
    [InlineData("cuda:0")]
    [InlineData("tensorrt:12")]
    [InlineData("plugin:/opt/ep/libep.so")]
    public void Read_Device_IsTaken(string device) => Assert.Equal(device, Read($$"""{ "execution": { "device": "{{device}}" } }""").Draft.Device?.Value);

    [Fact]
    public void Read_InfiniteDeadline_IsNone() =>
        Assert.Equal(Timeout.InfiniteTimeSpan, Read("""{ "deadline": { "default": "infinite" } }""").Draft.DefaultDeadline?.Value);

    [Theory]
    [InlineData("""{ "maxBatchSize": -1 }""", "model.json: maxBatchSize (-1) must be a whole number, 0..65536")]
    [InlineData("""{ "maxBatchSize": 1.5 }""", "model.json: maxBatchSize (1.5) must be a whole number, 0..65536")]
    [InlineData("""{ "maxBatchSize": "8" }""", "model.json: maxBatchSize (\"8\") must be a whole number, 0..65536")]
    [InlineData("""{ "maxBatchSize": null }""", "model.json: maxBatchSize (null) must be a whole number, 0..65536")]
    [InlineData("""{ "maxBatchSize": 99999999999999999999 }""", "model.json: maxBatchSize (99999999999999999999) must be a whole number, 0..65536")]
    [InlineData("""{ "batching": { "maxQueueRows": 0 } }""", "model.json: batching.maxQueueRows (0) must be a whole number, 1..1000000")]
    [InlineData("""{ "batching": { "maxQueueBytes": 0 } }""", "model.json: batching.maxQueueBytes (0) must be a whole number, 1..1099511627776")]
    [InlineData("""{ "batching": { "policy": "fast" } }""", "model.json: batching.policy (\"fast\") must be \"deadline\", \"greedy\" or \"delay\"")]
    [InlineData("""{ "batching": { "policy": 1 } }""", "model.json: batching.policy (1) must be \"deadline\", \"greedy\" or \"delay\"")]
    [InlineData("""{ "batching": { "maxQueueDelay": 2 } }""", "model.json: batching.maxQueueDelay (2) must be a string like \"00:00:00.250\", 00:00:00..01:00:00")]
    [InlineData("""{ "batching": { "maxQueueDelay": "2ms" } }""", "model.json: batching.maxQueueDelay (\"2ms\") must be a string like")]
    [InlineData("""{ "batching": { "maxQueueDelay": "-00:00:01" } }""", "model.json: batching.maxQueueDelay (\"-00:00:01\") must be a string like")]
    [InlineData("""{ "batching": { "maxQueueDelay": "infinite" } }""", "model.json: batching.maxQueueDelay (\"infinite\") must be a string like")]
    [InlineData("""{ "batching": { "preferredBatchSizes": 4 } }""", "model.json: batching.preferredBatchSizes (4) must be an array of whole numbers, 1..65536")]
    [InlineData("""{ "batching": { "preferredBatchSizes": [4, 0] } }""", "model.json: batching.preferredBatchSizes[1] (0) must be a whole number, 1..65536")]
    [InlineData("""{ "batching": { "priorityLevels": 1001 } }""", "model.json: batching.priorityLevels (1001) must be a whole number, 0..1000")]
    [InlineData("""{ "batching": { "defaultPriority": 0 } }""", "model.json: batching.defaultPriority (0) must be a whole number, 1..1000")]
    [InlineData("""{ "batching": { "preserveOrdering": "yes" } }""", "model.json: batching.preserveOrdering (\"yes\") must be true or false")]
    [InlineData("""{ "batching": [] }""", "model.json: batching (an array) must be an object")]
    [InlineData("""{ "deadline": { "default": "00:00:00" } }""", "model.json: deadline.default (\"00:00:00\") must be a string like \"00:00:00.250\", 00:00:00.0010000..1.00:00:00, or \"infinite\"")]
    [InlineData("""{ "deadline": { "default": "2.00:00:00" } }""", "model.json: deadline.default (\"2.00:00:00\") must be")]
    [InlineData("""{ "execution": { "device": "gpu" } }""", "model.json: execution.device (\"gpu\") must be 'cpu', 'cuda', 'cuda:N', 'tensorrt', 'tensorrt:N' or 'plugin:PATH'")]
    [InlineData("""{ "execution": { "device": "cuda:" } }""", "model.json: execution.device (\"cuda:\") must be 'cpu'")]
    [InlineData("""{ "execution": { "device": "cpu:0" } }""", "model.json: execution.device (\"cpu:0\") must be 'cpu'")]
    [InlineData("""{ "execution": { "device": "plugin:" } }""", "model.json: execution.device (\"plugin:\") must be 'cpu'")]
    [InlineData("""{ "execution": { "instances": 1025 } }""", "model.json: execution.instances (1025) must be a whole number, 0..1024")]
    [InlineData("""{ "execution": { "intraOpThreads": -1 } }""", "model.json: execution.intraOpThreads (-1) must be a whole number, 0..1024")]
    [InlineData("""{ "execution": { "interOpThreads": true } }""", "model.json: execution.interOpThreads (true) must be a whole number, 0..1024")]
    [InlineData("""{ "versions": {} }""", "model.json: versions (empty) must have exactly one of latest, all, specific")]
    [InlineData("""{ "versions": { "latest": 1, "all": true } }""", "model.json: versions (latest, all) must have exactly one of latest, all, specific")]
    [InlineData("""{ "versions": { "all": false } }""", "model.json: versions.all (false) must be true")]
    [InlineData("""{ "versions": { "latest": 0 } }""", "model.json: versions.latest (0) must be a whole number, 1..2147483647")]
    [InlineData("""{ "versions": { "specific": [] } }""", "model.json: versions.specific ([]) must name at least one version")]
    [InlineData("""{ "versions": { "specific": [0] } }""", "model.json: versions.specific[0] (0) must be a whole number, 1..")]
    [InlineData("""{ "shadow": { "fraction": 0.5 } }""", "model.json: shadow.candidate is missing")]
    [InlineData("""{ "shadow": { "candidate": 0 } }""", "model.json: shadow.candidate (0) must be a whole number, 1..")]
    [InlineData("""{ "shadow": { "candidate": 1, "fraction": 1.01 } }""", "model.json: shadow.fraction (1.01) must be a number, 0.0..1.0")]
    [InlineData("""{ "maxBatchSize": 1, "maxBatchSize": 2 }""", "model.json: maxBatchSize is given more than once")]
    [InlineData("[]", "model.json: the file must hold one object, { ... }")]
    [InlineData("", "model.json:1:1: not JSON: ")]
    [InlineData("{\n  \"maxBatchSize\": ,\n}", "model.json:2:19: not JSON: ',' is an invalid start of a value.")]
    public void Read_WrongValue_NamesKeyValueAndExpectation(string json, string expected)
    {
        var error = Assert.Single(Read(json).Errors);

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "maxBatchsize": 8 }""", "model.json: maxBatchsize is not a key of this file (did you mean 'maxBatchSize'?); known here are maxBatchSize, deadline, batching, execution, versions, shadow")]
    [InlineData("""{ "batching": { "max_queue_rows": 8 } }""", "model.json: batching.max_queue_rows is not a key of this file (did you mean 'maxQueueRows'?); known here are policy, ")]
    [InlineData("""{ "deadline": { "timeout": "00:00:01" } }""", "model.json: deadline.timeout is not a key of this file; known here are default")]
    [InlineData("""{ "execution": { "devise": "cpu" } }""", "model.json: execution.devise is not a key of this file (did you mean 'device'?); known here are device, instances, intraOpThreads, interOpThreads")]
    [InlineData("""{ "versions": { "all": true, "lates": 1 } }""", "model.json: versions.lates is not a key of this file (did you mean 'latest'?); known here are latest, all, specific")]
    [InlineData("""{ "shadow": { "candidate": 1, "share": 1 } }""", "model.json: shadow.share is not a key of this file; known here are candidate, primary, fraction, filters,")]
    public void Read_UnknownKey_NamesItsPathAndTheKeysThatExist(string json, string expected)
    {
        var error = Assert.Single(Read(json).Errors);

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralErrors_AreReportedAtOnce()
    {
        var (_, errors) = Read("""
            { "maxBatchSize": -1, "batching": { "maxQueueRows": 0, "polcy": "greedy", "preferredBatchSizes": [0, 2, "x"] },
              "execution": { "device": "tpu", "instances": -1 }, "shadow": {}, "extra": 1 }
            """);

        string[] expected =
        [
            "maxBatchSize (-1)", "batching.maxQueueRows (0)", "batching.polcy is not a key", "batching.preferredBatchSizes[0] (0)",
            "batching.preferredBatchSizes[2] (\"x\")", "execution.device (\"tpu\")", "execution.instances (-1)", "shadow.candidate is missing",
            "extra is not a key",
        ];
        Assert.Equal(expected.Length, errors.Length);
        Assert.All(expected, start => Assert.Single(errors, error => error.StartsWith($"model.json: {start}", StringComparison.Ordinal)));
    }
}
