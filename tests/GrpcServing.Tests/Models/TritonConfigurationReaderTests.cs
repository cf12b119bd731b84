using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

public class TritonConfigurationReaderTests
{
    private static (ConfigurationDraft Draft, string[] Errors) Read(string text)
    {
        var (draft, errors) = (new ConfigurationDraft(), new ConfigurationErrors());
        TritonConfigurationReader.Read(text, "m", draft, errors);
        if (!errors.Any) return (draft, []);
        var message = Assert.Throws<ModelLoadException>(() => errors.ThrowIfAny("m")).Message;
        var lines = message.Replace("model 'm': ", "", StringComparison.Ordinal).Split('\n').Select(static line => line.Trim());
        return (draft, [.. lines.Where(static line => !line.EndsWith("in its configuration:", StringComparison.Ordinal))]);
    }

    private static ConfigurationDraft Take(string text)
    {
        var (draft, errors) = Read(text);
        Assert.Empty(errors);
        return draft;
    }

    [Theory]
    [InlineData("")]
    [InlineData("name: 'm'")]
    [InlineData("platform: 'onnxruntime_onnx'")]
    [InlineData("backend: 'onnxruntime' name: 'm' platform: ''")]
    [InlineData("model_transaction_policy { decoupled: false }")]
    [InlineData("response_cache { enable: false }")]
    [InlineData("input { name: 'x' optional: false allow_ragged_batch: false is_shape_tensor: false is_non_linear_format_io: false }")]
    [InlineData("optimization { graph { level: 0 } priority: PRIORITY_MAX }")]
    public void Read_NothingThatMatters_HasNoErrorAndNoRemark(string text) => Assert.Empty(Take(text).Remarks);

    [Fact]
    public void Read_Tensors_AreTakenAsWritten()
    {
        var draft = Take("""
            max_batch_size: 8
            input [
              { name: "image", data_type: TYPE_UINT8, format: FORMAT_NHWC, dims: [ 224, 224, 3 ] },
              { name: "size"   data_type: 8   dims: 1   reshape { shape: [] } }
            ]
            input { name: "text" data_type: TYPE_STRING dims: -1 dims: 2 }
            output { name: "class" label_filename: "labels/imagenet.txt" dims: [1000] data_type: TYPE_BF16 }
            """);

        Assert.Equal(8, draft.TritonMaxBatchSize);
        Assert.Equal(["image", "size", "text"], draft.Inputs!.Select(static input => input.Name));
        Assert.Equal(
            [TensorDataType.UInt8, TensorDataType.Int32, TensorDataType.Bytes],
            draft.Inputs!.Select(static input => input.DataType!.Value));
        Assert.Equal([224L, 224L, 3L], draft.Inputs![0].Dims!.Value);
        Assert.Equal(ImageFormat.Nhwc, draft.Inputs[0].Format);
        Assert.Equal([1L], draft.Inputs[1].Dims!.Value);
        Assert.Empty(draft.Inputs[1].Reshape!.Value);
        Assert.Equal([-1L, 2L], draft.Inputs[2].Dims!.Value);
        Assert.Equal("config.pbtxt:6: input 'text'", draft.Inputs[2].Where);
        Assert.Equal("labels/imagenet.txt", draft.Outputs![0].LabelFile);
        Assert.Equal(TensorDataType.Bf16, draft.Outputs[0].DataType);
    }

    [Theory]
    [InlineData("TYPE_BOOL", TensorDataType.Bool)]
    [InlineData("TYPE_UINT8", TensorDataType.UInt8)]
    [InlineData("TYPE_UINT16", TensorDataType.UInt16)]
    [InlineData("TYPE_UINT32", TensorDataType.UInt32)]
    [InlineData("TYPE_UINT64", TensorDataType.UInt64)]
    [InlineData("TYPE_INT8", TensorDataType.Int8)]
    [InlineData("TYPE_INT16", TensorDataType.Int16)]
    [InlineData("TYPE_INT32", TensorDataType.Int32)]
    [InlineData("TYPE_INT64", TensorDataType.Int64)]
    [InlineData("TYPE_FP16", TensorDataType.Fp16)]
    [InlineData("TYPE_FP32", TensorDataType.Fp32)]
    [InlineData("TYPE_FP64", TensorDataType.Fp64)]
    [InlineData("TYPE_STRING", TensorDataType.Bytes)]
    [InlineData("TYPE_BF16", TensorDataType.Bf16)]
    public void Read_DataType_IsOurs(string name, TensorDataType type)
    {
        Assert.Equal(type, Take($"input {{ name: 'x' data_type: {name} }}").Inputs![0].DataType);
        Assert.Equal(type, Take($"input {{ name: 'x' data_type: {TritonTensorReader.DataTypes.IndexOf(name)} }}").Inputs![0].DataType);
        Assert.Equal(name, TritonTensorReader.NameOf(type));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("version_policy { }", null)]
    [InlineData("version_policy { latest { } }", "3")]
    [InlineData("version_policy: { latest: { num_versions: 0 } }", "3")]
    [InlineData("version_policy: { latest: { num_versions: 2 } }", "2 3")]
    [InlineData("version_policy: { all { } }", "1 2 3")]
    [InlineData("version_policy: { specific { versions: [1, 3, 9] } }", "1 3")]
    [InlineData("version_policy: { specific { versions: 2 versions: 1 } }", "1 2")]
    public void Read_VersionPolicy_SelectsThem(string text, string? selected)
    {
        var versions = Take(text).Versions;

        Assert.Equal(selected, versions is null ? null : string.Join(' ', versions.Value.Select([1L, 2L, 3L])));
    }

    [Theory]
    [InlineData("instance_group { count: 2 kind: KIND_CPU }", "cpu", 2)]
    [InlineData("instance_group [ { kind: KIND_CPU } ]", "cpu", 1)]
    [InlineData("instance_group [ { count: 0 kind: KIND_CPU } ]", "cpu", 1)]
    [InlineData("instance_group [ { count: 1 kind: KIND_GPU gpus: [ 2 ] } ]", "cuda:2", 1)]
    [InlineData("instance_group { count: 3 gpus: 0 }", "cuda:0", 3)]
    [InlineData("instance_group { kind: KIND_CPU count: 2 } instance_group { name: 'more' kind: KIND_CPU count: 3 }", "cpu", 5)]
    [InlineData("instance_group { kind: KIND_GPU gpus: 1 } optimization { execution_accelerators { gpu_execution_accelerator { name: 'tensorrt' } } }", "tensorrt:1", 1)]
    [InlineData("optimization { execution_accelerators { gpu_execution_accelerator [ { name: 'tensorrt' } ] } }", "tensorrt", null)]
    [InlineData("optimization { execution_accelerators { gpu_execution_accelerator [ { name: 'cuda' } ] } }", null, null)]
    public void Read_InstanceGroup_IsDeviceAndCount(string text, string? device, int? instances)
    {
        var draft = Take(text);

        Assert.Equal(device, draft.Device?.Value);
        Assert.Equal(instances, draft.Instances?.Value);
        Assert.Empty(draft.Remarks);
    }

    [Theory]
    [InlineData("instance_group { kind: KIND_GPU }", "cuda", "config.pbtxt:1: instance_group.kind KIND_GPU without gpus means the first GPU, not all")]
    [InlineData("instance_group { count: 1 }", "cpu", "config.pbtxt:1: instance_group.kind KIND_AUTO means the CPU here")]
    [InlineData("instance_group { kind: KIND_CPU rate_limiter { resources [ { name: 'r' count: 1 } ] } }", "cpu", "config.pbtxt:1: instance_group.rate_limiter has no effect")]
    [InlineData("instance_group { kind: KIND_CPU host_policy: 'p' }", "cpu", "config.pbtxt:1: instance_group.host_policy has no effect")]
    [InlineData("instance_group { kind: KIND_CPU }\noptimization { execution_accelerators { gpu_execution_accelerator { name: 'tensorrt' } } }", "cpu", "config.pbtxt:2: optimization.execution_accelerators.gpu_execution_accelerator.name tensorrt has no effect")]
    [InlineData("optimization { execution_accelerators { gpu_execution_accelerator { name: 'cuda' parameters { key: 'cudnn_conv_algo_search' value: '0' } } } }", null, "cudnn_conv_algo_search has no effect")]
    [InlineData("optimization { graph { level: 1 } }", null, "config.pbtxt:1: optimization.graph.level (1) has no effect")]
    [InlineData("optimization { cuda { graphs: true } }", null, "config.pbtxt:1: optimization.cuda has no effect")]
    [InlineData("optimization { input_pinned_memory { enable: false } }", null, "optimization.input_pinned_memory has no effect")]
    [InlineData("metric_tags { key: 'a' value: 'b' }", null, "config.pbtxt:1: metric_tags has no effect")]
    [InlineData("parameters { key: 'enable_mem_arena' value { string_value: '1' } }", null, "config.pbtxt:1: parameters.key enable_mem_arena has no effect")]
    [InlineData("parameters { key: 'inter_op_thread_count' value { string_value: '4' } }", null, "of inter_op_thread_count has no effect without the parameter execution_mode \"1\"")]
    [InlineData("parameters { key: 'execution_mode' value { string_value: '1' } }", null, "execution_mode \"1\" has no effect without the parameter inter_op_thread_count")]
    public void Read_FieldWithoutEffect_IsTakenWithARemark(string text, string? device, string remark)
    {
        var draft = Take(text);

        Assert.Equal(device, draft.Device?.Value);
        Assert.Contains(remark, Assert.Single(draft.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_DynamicBatching_IsTakenWhole()
    {
        var draft = Take("""
            dynamic_batching {
              preferred_batch_size: [ 4, 8 ]
              max_queue_delay_microseconds: 150
              preserve_ordering: false
              priority_levels: 3
              default_priority_level: 2
              default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5000 allow_timeout_override: true max_queue_size: 100 }
              priority_queue_policy { key: 1 value { max_queue_size: 10 } }
              priority_queue_policy { key: 3 value: { timeout_action: REJECT, default_timeout_microseconds: 7 } }
            }
            """);

        Assert.True(draft.HasDynamicBatching);
        Assert.Equal([4, 8], draft.PreferredBatchSizes!.Value);
        Assert.Equal(TimeSpan.FromMicroseconds(150), draft.MaxQueueDelay?.Value);
        Assert.False(draft.PreserveOrdering!.Value);
        Assert.Equal(3, draft.PriorityLevels?.Value);
        Assert.Equal(2, draft.DefaultPriority?.Value);
        Assert.Equal(new QueuePolicy(QueueTimeoutAction.Delay, TimeSpan.FromMilliseconds(5), AllowOverride: true, 100), draft.DefaultQueuePolicy?.Value);
        Assert.Equal([1, 3], draft.QueuePolicies.Keys.Order());
        Assert.Equal(new QueuePolicy(QueueTimeoutAction.Reject, TimeSpan.Zero, AllowOverride: false, 10), draft.QueuePolicies[1].Value);
        Assert.Equal(TimeSpan.FromMicroseconds(7), draft.QueuePolicies[3].Value.Timeout);
    }

    [Fact]
    public void Read_Parameters_AreKeptAndThreadCountsTaken()
    {
        var draft = Take("""
            parameters [
              { key: "intra_op_thread_count" value: { string_value: "3" } },
              { key: "inter_op_thread_count" value: { string_value: "2" } },
              { key: "execution_mode" value: { string_value: "1" } },
              { key: "team" value: { string_value: "vision" } }
            ]
            default_model_filename: "resnet.onnx"
            """);

        Assert.Equal(3, draft.IntraOpThreads?.Value);
        Assert.Equal(2, draft.InterOpThreads?.Value);
        Assert.Equal(["execution_mode", "inter_op_thread_count", "intra_op_thread_count", "team"], draft.Parameters.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("vision", draft.Parameters["team"]);
        Assert.Equal("resnet.onnx", draft.ModelFile);
    }

    [Fact]
    public void Read_Warmup_IsTaken()
    {
        var draft = Take("""
            model_warmup [
              { name: "zero" batch_size: 4 inputs { key: "x" value { data_type: TYPE_FP32 dims: [3, 2] zero_data: true } } },
              { name: "file" batch_size: 1 count: 5
                inputs: { key: "x" value: { data_type: TYPE_FP32 dims: [3, 2] input_data_file: "x.raw" } }
                inputs: { key: "y" value: { data_type: TYPE_STRING random_data: false } } }
            ]
            """);

        var (zero, file) = (draft.Warmup[0].Request, draft.Warmup[1].Request);
        Assert.Equal(("zero", 4, 1), (zero.Name, zero.BatchSize, zero.Count));
        Assert.Equal(WarmupSource.Zero, zero.Inputs["x"].Source);
        Assert.Equal([3L, 2L], zero.Inputs["x"].Dims);
        Assert.Equal(("file", 1, 5), (file.Name, file.BatchSize, file.Count));
        Assert.Equal((WarmupSource.File, "x.raw"), (file.Inputs["x"].Source, file.Inputs["x"].File));
        Assert.Equal((WarmupSource.Random, TensorDataType.Bytes), (file.Inputs["y"].Source, file.Inputs["y"].DataType));
    }

    [Theory]
    [InlineData("\nsequence_batching { max_sequence_idle_microseconds: 1 }", "config.pbtxt:2: sequence_batching is not supported: ")]
    [InlineData("ensemble_scheduling { step [ { } ] }", "config.pbtxt:1: ensemble_scheduling is not supported: ")]
    [InlineData("model_transaction_policy { decoupled: true }", "config.pbtxt:1: model_transaction_policy.decoupled (true) is not supported: every request has exactly one response")]
    [InlineData("response_cache { enable: true }", "config.pbtxt:1: response_cache.enable (true) is not supported: ")]
    [InlineData("input { name: 'x' allow_ragged_batch: true }", "config.pbtxt:1: input.allow_ragged_batch (true) is not supported: ")]
    [InlineData("input { name: 'x' optional: true }", "config.pbtxt:1: input.optional (true) is not supported: ")]
    [InlineData("input { name: 'x' is_shape_tensor: true }", "config.pbtxt:1: input.is_shape_tensor (true) is not supported: ")]
    [InlineData("output { name: 'x' is_non_linear_format_io: true }", "config.pbtxt:1: output.is_non_linear_format_io (true) is not supported: ")]
    [InlineData("batch_input { kind: BATCH_ELEMENT_COUNT }", "config.pbtxt:1: batch_input is not supported: ")]
    [InlineData("batch_output { target_name: 'y' }", "config.pbtxt:1: batch_output is not supported: ")]
    [InlineData("cc_model_filenames { key: '7.5' value: 'a' }", "config.pbtxt:1: cc_model_filenames is not supported: ")]
    [InlineData("model_operations { op_library_filename: 'libops.so' }", "config.pbtxt:1: model_operations is not supported: ")]
    [InlineData("model_repository_agents { agents { name: 'a' } }", "config.pbtxt:1: model_repository_agents is not supported: ")]
    [InlineData("parameters { key: 'TRITON_BATCH_STRATEGY_PATH' value { string_value: '/b.so' } }", "config.pbtxt:1: parameters.key TRITON_BATCH_STRATEGY_PATH is not supported: ")]
    [InlineData("platform: 'tensorrt_plan'", "config.pbtxt:1: platform ('tensorrt_plan') must be 'onnxruntime_onnx': ")]
    [InlineData("backend: 'python'", "config.pbtxt:1: backend ('python') must be 'onnxruntime': ")]
    [InlineData("instance_group { kind: KIND_MODEL }", "config.pbtxt:1: instance_group.kind (KIND_MODEL) is not supported: say KIND_CPU or KIND_GPU")]
    [InlineData("instance_group { kind: KIND_CPU gpus: 0 }", "config.pbtxt:1: instance_group.gpus cannot stand beside KIND_CPU")]
    [InlineData("instance_group { kind: KIND_GPU gpus: [0, 1] }", "config.pbtxt:1: instance_group.gpus ([0, 1]) must be one GPU: a model runs on one device")]
    [InlineData("instance_group { kind: KIND_CPU }\ninstance_group { kind: KIND_GPU gpus: 0 }", "config.pbtxt:2: instance_group.kind puts this group on cuda:0 but an earlier one is on cpu: ")]
    [InlineData("instance_group { kind: KIND_CPU passive: true }", "config.pbtxt:1: instance_group.passive (true) is not supported: ")]
    [InlineData("instance_group { kind: KIND_CPU profile: '0' }", "config.pbtxt:1: instance_group.profile is not supported: ")]
    [InlineData("instance_group [ { kind: KIND_CPU count: 1000 }, { kind: KIND_CPU count: 1000 } ]", "config.pbtxt:1: instance_group has 2000 instances in all")]
    [InlineData("optimization { graph { level: -1 } }", "config.pbtxt:1: optimization.graph.level (-1) is not supported: ")]
    [InlineData("optimization { execution_accelerators { cpu_execution_accelerator { name: 'openvino' } } }", "config.pbtxt:1: optimization.execution_accelerators.cpu_execution_accelerator is not supported: ")]
    [InlineData("optimization { execution_accelerators { gpu_execution_accelerator { name: 'auto_mixed_precision' } } }", "config.pbtxt:1: optimization.execution_accelerators.gpu_execution_accelerator.name ('auto_mixed_precision') must be 'tensorrt' or 'cuda'")]
    [InlineData("optimization { execution_accelerators { gpu_execution_accelerator { name: 'tensorrt' parameters { key: 'precision_mode' value: 'FP16' } } } }", "config.pbtxt:1: optimization.execution_accelerators.gpu_execution_accelerator.parameters.value (\"FP16\") of precision_mode must be \"FP32\"")]
    public void Read_UnsupportedField_NamesFieldAndReason(string text, string expected)
    {
        var error = Assert.Single(Read(text).Errors);

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: 'other'", "config.pbtxt:1: name ('other') must be the name of the model's directory, 'm'")]
    [InlineData("name: m", "config.pbtxt:1: name (m) must be a string in quotes")]
    [InlineData("max_batch_size: -1", "config.pbtxt:1: max_batch_size (-1) must be a whole number, 0..65536")]
    [InlineData("max_batch_size: 8.0", "config.pbtxt:1: max_batch_size (8) must be a whole number, 0..65536")]
    [InlineData("max_batch_size: 8\n\nmax_batch_size: 8", "config.pbtxt:3: max_batch_size is given more than once; the first is on line 1")]
    [InlineData("default_model_filename: '../other/model.onnx'", "config.pbtxt:1: default_model_filename ('../other/model.onnx') must be a path inside the version directory")]
    [InlineData("default_model_filename: '/etc/model.onnx'", "config.pbtxt:1: default_model_filename ('/etc/model.onnx') must be a path inside the version directory")]
    [InlineData("input { data_type: TYPE_FP32 }", "config.pbtxt:1: input.name is missing: ")]
    [InlineData("input [ { name: 'x' },\n{ name: 'x' } ]", "config.pbtxt:2: input.name ('x') is given more than once")]
    [InlineData("input { name: 'x' data_type: FP32 }", "config.pbtxt:1: input.data_type (FP32) must be one of TYPE_INVALID, TYPE_BOOL, ")]
    [InlineData("input { name: 'x' data_type: TYPE_INVALID }", "config.pbtxt:1: input.data_type (TYPE_INVALID) must be the type of the tensor")]
    [InlineData("input { name: 'x' dims: [ 3, 0 ] }", "config.pbtxt:1: input.dims ([3, 0]): each must be a whole number of at least 1, or -1 for any size")]
    [InlineData("input { name: 'x' dims: [ 3,\n-2 ] }", "config.pbtxt:2: input.dims (-2) must be a whole number of at least 1, or -1 for any size")]
    [InlineData("input { name: 'x' dims: 'a' }", "config.pbtxt:1: input.dims (\"a\") must be a whole number of at least 1")]
    [InlineData("input { name: 'x' dims: [3, 4] format: FORMAT_NCHW }", "config.pbtxt:1: input.dims ([3, 4]) must be 3 dimensions for FORMAT_NCHW")]
    [InlineData("input { name: 'x' dims: [4] reshape { shape: [2, 3] } }", "config.pbtxt:1: input.reshape (shape [2, 3]) must hold as many elements as dims [4], with as many -1")]
    [InlineData("input { name: 'x' dims: [-1, 2] reshape { shape: [-1, -1] } }", "config.pbtxt:1: input.reshape (shape [-1, -1]) must hold as many elements")]
    [InlineData("input { name: 'x' reshape { shape: [2] } }", "config.pbtxt:1: input.dims is missing: reshape says what becomes of it")]
    [InlineData("input { name: 'x' dims: [4] reshape { shape: [2, 0] } }", "config.pbtxt:1: input.reshape.shape ([2, 0]): each must be a whole number of at least 1, or -1 for any size")]
    [InlineData("input: 3", "config.pbtxt:1: input (3) must be a message, { ... }")]
    [InlineData("output { name: 'y' label_filename: '../labels.txt' }", "config.pbtxt:1: output.label_filename ('../labels.txt') must be a path inside the model's directory")]
    [InlineData("version_policy { latest { } all { } }", "config.pbtxt:1: version_policy.all cannot stand beside latest: ")]
    [InlineData("version_policy { specific { } }", "config.pbtxt:1: version_policy.specific must name at least one version")]
    [InlineData("version_policy { specific { versions: 0 } }", "config.pbtxt:1: version_policy.specific.versions (0) must be a whole number, 1..")]
    [InlineData("dynamic_batching { preferred_batch_size: 0 }", "config.pbtxt:1: dynamic_batching.preferred_batch_size (0) must be a whole number, 1..65536")]
    [InlineData("dynamic_batching { max_queue_delay_microseconds: -1 }", "config.pbtxt:1: dynamic_batching.max_queue_delay_microseconds (-1) must be a whole number, 0..3600000000")]
    [InlineData("dynamic_batching { priority_levels: 2 }", "config.pbtxt:1: dynamic_batching.default_priority_level is missing: with priority_levels 2 it must be 1..2")]
    [InlineData("dynamic_batching { preserve_ordering: yes }", "config.pbtxt:1: dynamic_batching.preserve_ordering (yes) must be true or false")]
    [InlineData("dynamic_batching { default_queue_policy { timeout_action: DROP } }", "config.pbtxt:1: dynamic_batching.default_queue_policy.timeout_action (DROP) must be one of REJECT, DELAY")]
    [InlineData("dynamic_batching { priority_queue_policy { value { } } }", "config.pbtxt:1: dynamic_batching.priority_queue_policy.key is missing")]
    [InlineData("dynamic_batching { priority_queue_policy [ { key: 1 value { } }, { key: 1 value { } } ] }", "config.pbtxt:1: dynamic_batching.priority_queue_policy.key ('1') is given more than once")]
    [InlineData("instance_group { kind: CPU }", "config.pbtxt:1: instance_group.kind (CPU) must be one of KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL")]
    [InlineData("instance_group { count: -1 kind: KIND_CPU }", "config.pbtxt:1: instance_group.count (-1) must be a whole number, 0..1024")]
    [InlineData("parameters { key: 'intra_op_thread_count' value { string_value: 'two' } }", "config.pbtxt:1: parameters.value (\"two\") of intra_op_thread_count must be a whole number in quotes, 0..1024")]
    [InlineData("parameters { key: 'intra_op_thread_count' value { string_value: 2 } }", "config.pbtxt:1: parameters.value.string_value (2) must be a string in quotes")]
    [InlineData("parameters { key: 'execution_mode' value { string_value: '2' } }", "config.pbtxt:1: parameters.value (\"2\") of execution_mode must be \"0\" (sequential) or \"1\" (parallel)")]
    [InlineData("parameters { value { string_value: '2' } }", "config.pbtxt:1: parameters.key is missing")]
    [InlineData("parameters [ { key: 'a' value { } }, { key: 'a' value { } } ]", "config.pbtxt:1: parameters.key ('a') is given more than once")]
    [InlineData("model_warmup { name: 'w' }", "config.pbtxt:1: model_warmup.batch_size is missing")]
    [InlineData("model_warmup { batch_size: 0 }", "config.pbtxt:1: model_warmup.batch_size (0) must be a whole number, 1..65536")]
    [InlineData("model_warmup { batch_size: 1 inputs { key: 'x' value { data_type: TYPE_FP32 } } }", "config.pbtxt:1: model_warmup.inputs.value.zero_data must be the only one of zero_data, random_data, input_data_file")]
    [InlineData("model_warmup { batch_size: 1 inputs { key: 'x' value { data_type: TYPE_FP32 zero_data: true random_data: true } } }", "config.pbtxt:1: model_warmup.inputs.value.random_data must be the only one")]
    [InlineData("model_warmup { batch_size: 1 inputs { key: 'x' value { zero_data: true } } }", "config.pbtxt:1: model_warmup.inputs.value.data_type is missing")]
    [InlineData("model_warmup { batch_size: 1 inputs { key: 'x' value { data_type: TYPE_FP32 dims: -1 zero_data: true } } }", "config.pbtxt:1: model_warmup.inputs.value.dims (-1) must be a whole number, 1..")]
    [InlineData("model_warmup { batch_size: 1 inputs { key: 'x' value { data_type: TYPE_FP32 input_data_file: '../x' } } }", "config.pbtxt:1: model_warmup.inputs.value.input_data_file ('../x') must be a path inside the model's warmup directory")]
    [InlineData("input {\n  name: \"x\n}", "config.pbtxt:2:9: the string is not closed on its line")]
    public void Read_WrongValue_NamesLineFieldAndExpectation(string text, string expected)
    {
        var error = Assert.Single(Read(text).Errors);

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_batchsize: 8", "config.pbtxt:1: max_batchsize is not a field of Triton's model configuration (did you mean 'max_batch_size'?); known here are name, ")]
    [InlineData("input { name: 'x'\n shape: 3 }", "config.pbtxt:2: input.shape is not a field of Triton's model configuration (did you mean 'reshape'?); known here are name, format, ")]
    [InlineData("output { name: 'x' format: FORMAT_NONE }", "config.pbtxt:1: output.format is not a field")]
    [InlineData("dynamic_batching { max_queue_delay_microsecond: 3 }", "config.pbtxt:1: dynamic_batching.max_queue_delay_microsecond is not a field of Triton's model configuration (did you mean 'max_queue_delay_microseconds'?)")]
    [InlineData("version_policy { newest { } }", "config.pbtxt:1: version_policy.newest is not a field")]
    [InlineData("optimization { graph { levels: 1 } }", "config.pbtxt:1: optimization.graph.levels is not a field of Triton's model configuration (did you mean 'level'?)")]
    [InlineData("parameters { key: 'a' value { int_value: 1 } }", "config.pbtxt:1: parameters.value.int_value is not a field")]
    [InlineData("model_warmup { batch_size: 1 input { } }", "config.pbtxt:1: model_warmup.input is not a field of Triton's model configuration (did you mean 'inputs'?)")]
    [InlineData("instance_group { kind: KIND_CPU gpu: 0 }", "config.pbtxt:1: instance_group.gpu is not a field of Triton's model configuration (did you mean 'gpus'?)")]
    public void Read_UnknownField_NamesItAndTheFieldsThatExist(string text, string expected)
    {
        var error = Assert.Single(Read(text).Errors);

        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralErrors_AreReportedAtOnceInTheOrderOfTheFile()
    {
        var (_, errors) = Read("""
            platform: "tensorrt_plan"
            input { name: "x" data_type: FP32 dims: [ 0 ] }
            sequence_batching { }
            max_batch_size: -1
            unknown: 1
            dynamic_batching { preferred_batch_size: [ 0, 4, -1 ] }
            """);

        Assert.Equal(
            ["config.pbtxt:1", "config.pbtxt:2", "config.pbtxt:2", "config.pbtxt:3", "config.pbtxt:4", "config.pbtxt:5", "config.pbtxt:6", "config.pbtxt:6"],
            errors.Select(static error => string.Join(':', error.Split(':')[..2])));
    }
}
