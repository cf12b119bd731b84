using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

public class ConfigurationReaderTests
{
    private static readonly GraphSpec DependentRows = Graphs.Create([("x", TensorDataType.Fp32, [-1, 4])], [("y", TensorDataType.Fp32, [-1, 2])], rowsAreIndependent: false);

    private static readonly GraphSpec FixedRow = Graphs.Create([("x", TensorDataType.Fp32, [1, 4])], [("y", TensorDataType.Fp32, [1, 2])], rowsAreIndependent: false);

    private static readonly GraphSpec TwoInputs = Graphs.Create(
        [("a", TensorDataType.Int64, [-1, -1]), ("b", TensorDataType.Bytes, [-1])],
        [("y", TensorDataType.Fp32, [-1, 2]), ("z", TensorDataType.Fp32, [-1, 8, -1])]);

    [Fact]
    public void Read_NoFiles_BatchesIndependentRowsAndTakesTheGraphsDims()
    {
        using var directory = new ModelDirectory();

        var configuration = directory.Read(Graphs.Image);

        Assert.Equal(ConfigurationLimits.DefaultMaxBatchSize, configuration.MaxBatchSize);
        Assert.Equal([3L, 224L, 224L], Assert.Single(configuration.Inputs).Dims);
        Assert.Equal([3L, 224L, 224L], configuration.Inputs[0].GraphDims);
        Assert.Equal([1000L], Assert.Single(configuration.Outputs).Dims);
        Assert.Equal(BatchPolicyKind.Deadline, configuration.Batching.Policy);
        Assert.Null(configuration.DefaultDeadline);
        Assert.Equal(new ExecutionConfiguration(), configuration.Execution);
        Assert.Equal("model.onnx", configuration.ModelFile);
        Assert.Empty(configuration.Remarks);
    }

    [Fact]
    public void Read_NoFilesAndDependentRows_RunsRequestsAloneAndSaysWhy()
    {
        using var directory = new ModelDirectory();

        var configuration = directory.Read(DependentRows);

        Assert.Equal(0, configuration.MaxBatchSize);
        Assert.Equal([-1L, 4L], configuration.Inputs[0].Dims);
        Assert.StartsWith("Each request runs alone: rows of one batch influence each other", Assert.Single(configuration.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoFilesAndFixedFirstDimension_RunsRequestsAloneWithoutARemark()
    {
        using var directory = new ModelDirectory();

        var configuration = directory.Read(FixedRow);

        Assert.Equal(0, configuration.MaxBatchSize);
        Assert.Equal([1L, 4L], configuration.Inputs[0].Dims);
        Assert.Empty(configuration.Remarks);
    }

    [Theory]
    [InlineData(null, """{ "maxBatchSize": 16 }""", 16)]
    [InlineData(null, """{ "maxBatchSize": 0 }""", 0)]
    [InlineData("max_batch_size: 8", null, 8)]
    [InlineData("max_batch_size: 0", null, 0)]
    [InlineData("max_batch_size: 8", """{ "maxBatchSize": 16 }""", 16)]
    [InlineData("max_batch_size: 8", """{ "maxBatchSize": 0 }""", 0)]
    [InlineData("max_batch_size: 0", """{ "maxBatchSize": 16 }""", 16)]
    [InlineData("instance_group { kind: KIND_CPU }", null, 64)]
    [InlineData("input { name: 'input' data_type: TYPE_FP32 dims: [-1, 3, 224, 224] }", null, 0)]
    [InlineData("input { name: 'input' }", null, 64)]
    [InlineData(null, """{ "batching": { "maxQueueRows": 10 } }""", 10)]
    public void Read_BatchLimit_IsTheUsersWordElseTheGraphs(string? triton, string? json, int expected)
    {
        using var directory = new ModelDirectory(triton, json);

        var configuration = directory.Read(Graphs.Image);

        Assert.Equal(expected, configuration.MaxBatchSize);
        Assert.Equal(expected > 0 ? [3L, 224L, 224L] : [-1L, 3L, 224L, 224L], configuration.Inputs[0].Dims);
        Assert.Equal(expected > 0 ? [1000L] : [-1L, 1000L], configuration.Outputs[0].Dims);
    }

    [Theory]
    [InlineData("dynamic_batching { }\nmax_batch_size: 8", null, 8, "config.pbtxt:2: max_batch_size (8) is taken as given, but rows of one batch influence each other")]
    [InlineData(null, """{ "maxBatchSize": 8 }""", 8, "model.json: maxBatchSize (8) is taken as given, but rows of one batch influence each other")]
    [InlineData("max_batch_size: 8", """{ "batching": { "policy": "greedy" } }""", 8, "config.pbtxt:1: max_batch_size (8) is taken as given")]
    [InlineData("max_batch_size: 8", null, 0, "config.pbtxt:1: max_batch_size (8) has no effect: without dynamic_batching each request runs alone, as in Triton")]
    public void Read_BatchLimitOverDependentRows_IsRemarkedOn(string? triton, string? json, int expected, string remark)
    {
        using var directory = new ModelDirectory(triton, json);

        var configuration = directory.Read(DependentRows);

        Assert.Equal(expected, configuration.MaxBatchSize);
        Assert.Contains(configuration.Remarks, candidate => candidate.StartsWith(remark, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_BatchLimitOverFixedFirstDimension_IsAnError()
    {
        using var triton = new ModelDirectory("max_batch_size: 8");
        using var json = new ModelDirectory(json: """{ "maxBatchSize": 8 }""");

        const string Problem = "(8) needs an open first dimension in every input and output, but 'x' is [1, 4] in the graph: export the model with a dynamic batch axis, or set it to 0";
        Assert.Equal([$"model 'resnet': config.pbtxt:1: max_batch_size {Problem}"], triton.ErrorsOf(FixedRow));
        Assert.Equal([$"model 'resnet': model.json: maxBatchSize {Problem}"], json.ErrorsOf(FixedRow));
    }

    [Fact]
    public void Read_OutputWithFixedFirstDimensionThatIsNotServed_DoesNotHinderBatching()
    {
        var graph = Graphs.Create([("x", TensorDataType.Fp32, [-1, 4])], [("y", TensorDataType.Fp32, [-1, 2]), ("loss", TensorDataType.Fp32, [])], rowsAreIndependent: false);
        using var directory = new ModelDirectory("max_batch_size: 8 dynamic_batching { } output { name: 'y' }");

        var configuration = directory.Read(graph);

        Assert.Equal(8, configuration.MaxBatchSize);
        Assert.Equal("y", Assert.Single(configuration.Outputs).Name);
    }

    [Theory]
    [InlineData(null, null, BatchPolicyKind.Deadline, null)]
    [InlineData("max_batch_size: 4", null, BatchPolicyKind.Greedy, -1)]
    [InlineData("max_batch_size: 4 dynamic_batching { }", null, BatchPolicyKind.Delay, -1)]
    [InlineData("max_batch_size: 4 dynamic_batching { }", """{ "batching": { "policy": "deadline" } }""", BatchPolicyKind.Deadline, -1)]
    [InlineData("max_batch_size: 4", """{ "deadline": { "default": "00:00:02" } }""", BatchPolicyKind.Greedy, 2000)]
    public void Read_PolicyAndDeadline_FollowTheFileThatWasWritten(string? triton, string? json, BatchPolicyKind policy, int? deadlineMilliseconds)
    {
        using var directory = new ModelDirectory(triton, json);

        var configuration = directory.Read(Graphs.Image);

        Assert.Equal(policy, configuration.Batching.Policy);
        Assert.Equal(deadlineMilliseconds is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null, configuration.DefaultDeadline);
    }

    [Fact]
    public void Read_ModelJsonBesideTriton_OverridesSingleValues()
    {
        using var directory = new ModelDirectory(
            """
            max_batch_size: 16
            dynamic_batching { max_queue_delay_microseconds: 500 preferred_batch_size: [ 8, 4, 8 ] priority_levels: 2 default_priority_level: 1 }
            instance_group { count: 2 kind: KIND_GPU gpus: 0 }
            version_policy { all { } }
            parameters { key: "intra_op_thread_count" value { string_value: "4" } }
            """,
            """{ "batching": { "maxQueueDelay": "00:00:00.001", "priorityLevels": 3 }, "execution": { "device": "cpu" }, "versions": { "latest": 2 } }""");

        var configuration = directory.Read(Graphs.Image);

        Assert.Equal(16, configuration.MaxBatchSize);
        Assert.Equal(BatchPolicyKind.Delay, configuration.Batching.Policy);
        Assert.Equal(TimeSpan.FromMilliseconds(1), configuration.Batching.MaxQueueDelay);
        Assert.Equal([4, 8], configuration.Batching.PreferredBatchSizes);
        Assert.Equal((3, 1), (configuration.Batching.PriorityLevels, configuration.Batching.DefaultPriority));
        Assert.Equal(new ExecutionConfiguration { Device = "cpu", Instances = 2, IntraOpThreads = 4 }, configuration.Execution);
        Assert.Equal(new VersionPolicy.Latest(2), configuration.Versions);
        Assert.Equal("4", configuration.Parameters["intra_op_thread_count"]);
    }

    [Theory]
    [InlineData("max_batch_size: 8 dynamic_batching { preferred_batch_size: [4, 16] }", null, "config.pbtxt:1: dynamic_batching.preferred_batch_size (16) must be 1..8, the batch limit")]
    [InlineData("max_batch_size: 16 dynamic_batching { preferred_batch_size: [4, 16] }", """{ "maxBatchSize": 8 }""", "config.pbtxt:1: dynamic_batching.preferred_batch_size (16) must be 1..8, the batch limit")]
    [InlineData(null, """{ "maxBatchSize": 8, "batching": { "maxQueueRows": 7 } }""", "model.json: batching.maxQueueRows (7) must be at least the batch limit, 8: a full batch could never be queued")]
    [InlineData(null, """{ "batching": { "priorityLevels": 2, "defaultPriority": 3 } }""", "model.json: batching.defaultPriority (3) must be 1..2, the priority levels")]
    [InlineData(null, """{ "batching": { "priorityLevels": 2, "preserveOrdering": true } }""", "model.json: batching.preserveOrdering (true) must be false with 2 priority levels")]
    [InlineData("dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }", null, "config.pbtxt:1: dynamic_batching.default_queue_policy timeout_action (DELAY) must be REJECT while config.pbtxt:1: dynamic_batching.preserve_ordering is true")]
    [InlineData("dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } } }", null, "config.pbtxt:1: dynamic_batching.priority_queue_policy of level 3 must be of a level 1..2")]
    [InlineData("dynamic_batching { priority_queue_policy { key: 1 value { } } }", null, "config.pbtxt:1: dynamic_batching.priority_queue_policy of level 1 needs priority_levels above 0")]
    [InlineData(null, """{ "batching": { "padding": { "length": [4] } } }""", "model.json: batching.padding.length is not the name of an open dimension of an input in the graph")]
    [InlineData(null, """{ "batching": { "padding": { "length": [0] } } }""", "model.json: batching.padding.length[0] (0) must be a whole number, 1..2147483647")]
    [InlineData("output { name: 'outptu' }", null, "config.pbtxt:1: output 'outptu' is not an output of the graph (did you mean 'output'?); known here are output")]
    [InlineData("output { name: 'softmax' }", null, "config.pbtxt:1: output 'softmax' is not an output of the graph; known here are output")]
    [InlineData("input { name: 'input' data_type: TYPE_FP16 }", null, "config.pbtxt:1: input 'input' data_type (TYPE_FP16) must be TYPE_FP32, the graph's")]
    [InlineData("max_batch_size: 8\ninput { name: 'input' dims: [3, 225, 224] }", null, "config.pbtxt:2: input 'input' dims [3, 225, 224] does not fit the graph's [3, 224, 224], batch axis left out: dimension 2 must be 224")]
    [InlineData("max_batch_size: 8\ninput { name: 'input' dims: [3, -1, 224] }", null, "config.pbtxt:2: input 'input' dims [3, -1, 224] does not fit the graph's [3, 224, 224], batch axis left out: dimension 2 must be 224")]
    [InlineData("max_batch_size: 8\ninput { name: 'input' dims: [-1, 3, 224, 224] }", null, "config.pbtxt:2: input 'input' dims [-1, 3, 224, 224] must have 3 dimensions to fit the graph's [3, 224, 224], batch axis left out")]
    [InlineData("input { name: 'input' dims: [3, 224, 224] }", null, "config.pbtxt:1: input 'input' dims [3, 224, 224] must have 4 dimensions to fit the graph's [N, 3, 224, 224]")]
    [InlineData("max_batch_size: 8\ninput { name: 'input' dims: [150528] reshape { shape: [3, 224, 224, 1] } }", null, "config.pbtxt:2: input 'input' reshape [3, 224, 224, 1] must have 3 dimensions to fit the graph's [3, 224, 224], batch axis left out")]
    [InlineData("max_batch_size: 0\ninput { name: 'input' dims: [8, 3, 224, 224] }", """{ "maxBatchSize": 8 }""", "config.pbtxt:2: input 'input' dims [8, 3, 224, 224] must begin with -1, the batch axis, to be served with maxBatchSize above 0")]
    [InlineData("output { name: 'output' label_filename: 'labels.txt' }", null, "config.pbtxt:1: output 'output' label_filename ('labels.txt') cannot be read: ")]
    public void Read_ValuesThatDoNotFitTogether_AreAnError(string? triton, string? json, string expected)
    {
        using var directory = new ModelDirectory(triton, json);

        var error = Assert.Single(directory.ErrorsOf(Graphs.Image));

        Assert.StartsWith($"model 'resnet': {expected}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, """{ "batching": { "maxQueueDelay": "00:00:00.001" } }""", "model.json: batching.maxQueueDelay has no effect under the policy deadline: only delay waits for company.")]
    [InlineData(null, """{ "batching": { "policy": "greedy", "preferredBatchSizes": [4] } }""", "model.json: batching.preferredBatchSizes has no effect under the policy greedy: only delay waits for company.")]
    [InlineData("max_batch_size: 0 dynamic_batching { max_queue_delay_microseconds: 5 }", null, "config.pbtxt:1: dynamic_batching.max_queue_delay_microseconds has no effect: the batch limit is 0, so each request runs alone.")]
    [InlineData("dynamic_batching { default_priority_level: 1 }", null, "config.pbtxt:1: dynamic_batching.default_priority_level (1) has no effect: there are no priority levels.")]
    public void Read_ValueWithoutEffect_IsRemarkedOn(string? triton, string? json, string remark)
    {
        using var directory = new ModelDirectory(triton, json);

        Assert.Equal([remark], directory.Read(Graphs.Image).Remarks);
    }

    [Fact]
    public void Read_PriorityLevelsWithoutDefault_SendsTheUnnamedToTheLast()
    {
        using var directory = new ModelDirectory(json: """{ "batching": { "priorityLevels": 3 } }""");

        Assert.Equal(3, directory.Read(Graphs.Image).Batching.DefaultPriority);
    }

    [Fact]
    public void Read_BatchLimitAboveTheDefaultQueue_GetsAQueueThatHoldsOne()
    {
        using var directory = new ModelDirectory(json: """{ "maxBatchSize": 8192 }""");

        Assert.Equal(8192, directory.Read(Graphs.Image).Batching.MaxQueueRows);
    }

    [Fact]
    public void Read_InputsListed_MustBeAll()
    {
        using var directory = new ModelDirectory("max_batch_size: 4 input { name: 'b' data_type: TYPE_STRING reshape { } dims: [ 1 ] }");

        Assert.Equal(["model 'resnet': config.pbtxt: input 'a' of the graph is missing: list every input, or none"], directory.ErrorsOf(TwoInputs));
    }

    [Fact]
    public void Read_TensorsListed_NarrowReshapeAndLeaveOut()
    {
        using var directory = new ModelDirectory("""
            max_batch_size: 4
            input [ { name: "b" data_type: TYPE_STRING dims: [ 1 ] reshape { shape: [ ] } }, { name: "a" data_type: TYPE_INT64 dims: [ 128 ] } ]
            output { name: "z" data_type: TYPE_FP32 dims: [ -1, 2, 4 ] reshape { shape: [ 8, -1 ] } label_filename: "labels.txt" }
            """);
        directory.Write("labels.txt", "cat\r\ndog \nred panda\n");

        var configuration = directory.Read(TwoInputs);

        Assert.Equal(["a", "b"], configuration.Inputs.Select(static input => input.Name));
        Assert.Equal([128L], configuration.Inputs[0].Dims);
        Assert.Equal([128L], configuration.Inputs[0].GraphDims);
        Assert.Equal([1L], configuration.Inputs[1].Dims);
        Assert.Empty(configuration.Inputs[1].GraphDims);
        var z = Assert.Single(configuration.Outputs);
        Assert.Equal([-1L, 2L, 4L], z.Dims);
        Assert.Equal([8L, -1L], z.GraphDims);
        Assert.Equal(["cat", "dog", "red panda"], z.Labels);
        Assert.Equal("labels.txt", z.LabelFile);
    }

    [Theory]
    [InlineData("max_batch_size: 8", """{ "maxBatchSize": 0 }""", "3, 224, 224", "-1, 3, 224, 224")]
    [InlineData("", """{ "maxBatchSize": 8 }""", "-1, 3, 224, 224", "3, 224, 224")]
    [InlineData("", null, "5, 3, 224, 224", "5, 3, 224, 224")]
    public void Read_ModelJsonChangesWhetherThereIsABatchAxis_DimsFollow(string limit, string? json, string written, string expected)
    {
        using var directory = new ModelDirectory($"{limit} input {{ name: 'input' data_type: TYPE_FP32 dims: [{written}] }}", json);

        Assert.Equal(expected, string.Join(", ", directory.Read(Graphs.Image).Inputs[0].Dims));
    }

    [Fact]
    public void Read_ModelJsonSwitchesBatchingOffForAFixedGraph_TakesTheGraphsFirstDimension()
    {
        using var directory = new ModelDirectory("max_batch_size: 8 input { name: 'x' dims: [ 4 ] }", """{ "maxBatchSize": 0 }""");

        Assert.Equal([1L, 4L], directory.Read(FixedRow).Inputs[0].Dims);
    }

    [Fact]
    public void Read_Warmup_IsCheckedLikeARequestAndItsFilesAreFound()
    {
        const string Triton = """
            max_batch_size: 4
            model_warmup { name: "w" batch_size: 2 inputs { key: "input" value { data_type: TYPE_FP32 dims: [3, 224, 224] input_data_file: "image.raw" } } }
            """;
        using var directory = new ModelDirectory(Triton);
        Assert.Equal(
            ["model 'resnet': config.pbtxt:2: model_warmup 'w' input 'input' input_data_file ('image.raw') is not there: expected warmup/image.raw in the model's directory"],
            directory.ErrorsOf(Graphs.Image));
        directory.Write("warmup/image.raw", "");

        var warmup = Assert.Single(directory.Read(Graphs.Image).Warmup);

        Assert.Equal(Path.Combine(directory.Path, "warmup", "image.raw"), warmup.Inputs["input"].File);
        Assert.Equal((2, 1), (warmup.BatchSize, warmup.Count));
        directory.Write("model.json", """{ "maxBatchSize": 0 }""");
        warmup = Assert.Single(directory.Read(Graphs.Image).Warmup);
        Assert.Equal([1L, 3L, 224L, 224L], warmup.Inputs["input"].Dims);
        Assert.Equal(1, warmup.BatchSize);
    }

    [Fact]
    public void Read_WrongWarmup_IsAnErrorForEachDisagreement()
    {
        using var directory = new ModelDirectory("""
            max_batch_size: 4
            model_warmup {
              name: "w" batch_size: 5
              inputs { key: "a" value { data_type: TYPE_INT32 dims: [7, 1] zero_data: true } }
              inputs { key: "c" value { data_type: TYPE_INT32 dims: [7] zero_data: true } }
            }
            """);

        Assert.Equal(
            [
                "model 'resnet' has 5 errors in its configuration:",
                "config.pbtxt:2: model_warmup 'w' batch_size (5) must be 1..4, the batch limit",
                "config.pbtxt:2: model_warmup 'w' input 'c' is not an input of the model (did you mean 'a'?); known here are a, b",
                "config.pbtxt:2: model_warmup 'w' input 'a' data_type (TYPE_INT32) must be TYPE_INT64",
                "config.pbtxt:2: model_warmup 'w' input 'a' dims [7, 1] must fit [-1], batch axis left out",
                "config.pbtxt:2: model_warmup 'w' input 'b' is missing",
            ],
            directory.ErrorsOf(TwoInputs));
    }

    [Fact]
    public void Read_ErrorsInBothFiles_AreReportedAtOnce()
    {
        using var directory = new ModelDirectory("max_batch_size: -1\nbackend: 'python'", """{ "maxBatchSize": -1, "extra": 1 }""");

        var errors = directory.ErrorsOf(Graphs.Image);

        Assert.Equal("model 'resnet' has 4 errors in its configuration:", errors[0]);
        Assert.Equal(4, errors.Length - 1);
        Assert.Equal(errors, directory.ErrorsOfLayout());
    }

    [Fact]
    public void Read_DisagreementsWithTheGraph_AreReportedAtOnce()
    {
        using var directory = new ModelDirectory("""
            max_batch_size: 4
            input [ { name: "a" data_type: TYPE_INT32 dims: [ 2, 2 ] }, { name: "c" } ]
            output { name: "y" dims: [ 3 ] label_filename: "none.txt" }
            dynamic_batching { preferred_batch_size: 5 }
            """);

        Assert.Equal("model 'resnet' has 7 errors in its configuration:", directory.ErrorsOf(TwoInputs)[0]);
    }

    [Fact]
    public void ReadLayout_NoFiles_IsTheDefault()
    {
        using var directory = new ModelDirectory();

        Assert.Equal(new ModelLayout(new VersionPolicy.Latest(1), "cpu", "model.onnx"), ConfigurationReader.ReadLayout(directory.Path));
    }

    [Fact]
    public void ReadLayout_Files_GiveVersionsDeviceAndModelFile()
    {
        using var directory = new ModelDirectory(
            "default_model_filename: 'net.onnx' version_policy { all { } } instance_group { kind: KIND_GPU gpus: 1 }", """{ "versions": { "latest": 3 } }""");

        Assert.Equal(new ModelLayout(new VersionPolicy.Latest(3), "cuda:1", "net.onnx"), ConfigurationReader.ReadLayout(directory.Path + "/"));
    }

    [Fact]
    public void ReadLayout_UnreadableFiles_AreErrorsThatNameThem()
    {
        using var directory = new ModelDirectory();
        Directory.CreateDirectory(Path.Combine(directory.Path, "model.json"));
        File.WriteAllBytes(Path.Combine(directory.Path, "config.pbtxt"), [0x6e, 0xff, 0xfe]);

        var errors = directory.ErrorsOfLayout();

        Assert.Equal("config.pbtxt: the file is not UTF-8 text", errors[1]);
        Assert.StartsWith("model.json: cannot be read: ", errors[2], StringComparison.Ordinal);
    }

    [Fact]
    public void ReadLayout_FileTooLarge_IsAnError()
    {
        using var directory = new ModelDirectory(json: new string(' ', (4 << 20) + 1));

        Assert.Equal(["model 'resnet': model.json: the file has 4194305 bytes; a configuration has at most 4194304"], directory.ErrorsOfLayout());
    }

    [Fact]
    public void Create_FromConfiguration_IsTheSpecOfTheVersion()
    {
        using var directory = new ModelDirectory(json: """{ "maxBatchSize": 2 }""");
        var configuration = directory.Read(Graphs.Image);

        var spec = ModelSpec.Create(ModelDirectory.Name, 7, configuration);

        Assert.Equal(("resnet", 7L, 2), (spec.Name, spec.Version, spec.MaxBatchSize));
        Assert.True(spec.HasBatchAxis);
        Assert.Equal(configuration.Inputs, spec.Inputs);
        Assert.Equal(configuration.Outputs, spec.Outputs);
    }
}
