using GrpcServing.Endpoints;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Tests.Models;

namespace GrpcServing.Tests.Endpoints;

public class ModelConfigMessageTests
{
    private static ModelConfig Create(string? triton = null, string? json = null, GraphSpec? graph = null)
    {
        using var directory = new ModelDirectory(triton, json);
        directory.Write("labels.txt", "cat\ndog\n");
        directory.Write("warmup/image.raw", "");
        return ModelConfigMessage.Create(ModelDirectory.Name, directory.Read(graph ?? Graphs.Image), executors: 3);
    }

    [Fact]
    public void Create_ModelWithoutFiles_ShowsWhatTheGraphGave()
    {
        var message = Create();

        Assert.Equal(("resnet", "onnxruntime_onnx", "onnxruntime", "model.onnx"), (message.Name, message.Platform, message.Backend, message.DefaultModelFilename));
        Assert.Equal(64, message.MaxBatchSize);
        var input = Assert.Single(message.Input);
        Assert.Equal(("input", DataType.TypeFp32), (input.Name, input.DataType));
        Assert.Equal([3L, 224L, 224L], input.Dims);
        Assert.Null(input.Reshape);
        Assert.Equal([1000L], Assert.Single(message.Output).Dims);
        Assert.Equal(1u, message.VersionPolicy.Latest.NumVersions);
        Assert.Equal(0ul, message.DynamicBatching.MaxQueueDelayMicroseconds);
        var group = Assert.Single(message.InstanceGroup);
        Assert.Equal((ModelInstanceGroup.Types.Kind.Cpu, 3), (group.Kind, group.Count));
        Assert.Empty(group.Gpus);
        Assert.False(message.ModelTransactionPolicy.Decoupled);
        Assert.False(message.ResponseCache.Enable);
        Assert.Empty(message.ModelWarmup);
        Assert.Empty(message.Parameters);
    }

    [Fact]
    public void Create_TritonFile_ShowsItAgain()
    {
        var message = Create("""
            max_batch_size: 8
            input { name: "input" format: FORMAT_NCHW data_type: TYPE_FP32 dims: [ 3, 224, 224 ] }
            output { name: "output" data_type: TYPE_FP32 dims: [ 10, 100 ] reshape { shape: [ 1000 ] } label_filename: "labels.txt" }
            version_policy { specific { versions: [ 2, 4 ] } }
            default_model_filename: "net.onnx"
            dynamic_batching {
              preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 250 priority_levels: 2 default_priority_level: 1
              default_queue_policy { default_timeout_microseconds: 9 allow_timeout_override: true }
              priority_queue_policy { key: 2 value { timeout_action: DELAY max_queue_size: 7 } }
            }
            instance_group { count: 2 kind: KIND_GPU gpus: 1 }
            parameters { key: "owner" value { string_value: "vision" } }
            model_warmup {
              name: "w" batch_size: 2 count: 3
              inputs { key: "input" value { data_type: TYPE_FP32 dims: [ 3, 224, 224 ] input_data_file: "image.raw" } }
            }
            """);

        Assert.Equal((8, "net.onnx"), (message.MaxBatchSize, message.DefaultModelFilename));
        Assert.Equal(ModelInput.Types.Format.Nchw, message.Input[0].Format);
        Assert.Equal([10L, 100L], message.Output[0].Dims);
        Assert.Equal([1000L], message.Output[0].Reshape.Shape);
        Assert.Equal("labels.txt", message.Output[0].LabelFilename);
        Assert.Equal([2L, 4L], message.VersionPolicy.Specific.Versions);
        var batching = message.DynamicBatching;
        Assert.Equal([4, 8], batching.PreferredBatchSize);
        Assert.Equal((250ul, 2ul, 1ul), (batching.MaxQueueDelayMicroseconds, batching.PriorityLevels, batching.DefaultPriorityLevel));
        Assert.Equal((9ul, true), (batching.DefaultQueuePolicy.DefaultTimeoutMicroseconds, batching.DefaultQueuePolicy.AllowTimeoutOverride));
        Assert.Equal((ModelQueuePolicy.Types.TimeoutAction.Delay, 7u), (batching.PriorityQueuePolicy[2].TimeoutAction, batching.PriorityQueuePolicy[2].MaxQueueSize));
        var group = Assert.Single(message.InstanceGroup);
        Assert.Equal((ModelInstanceGroup.Types.Kind.Gpu, 3), (group.Kind, group.Count));
        Assert.Equal([1], group.Gpus);
        Assert.Equal("vision", message.Parameters["owner"].StringValue);
        var warmup = Assert.Single(message.ModelWarmup);
        Assert.Equal(("w", 2u, 3u), (warmup.Name, warmup.BatchSize, warmup.Count));
        Assert.Equal("image.raw", warmup.Inputs["input"].InputDataFile);
        Assert.Equal([3L, 224L, 224L], warmup.Inputs["input"].Dims);
    }

    [Fact]
    public void Create_BatchingOff_ShowsNoDynamicBatchingAndWholeDims()
    {
        var message = Create(json: """{ "maxBatchSize": 0, "versions": { "all": true } }""");

        Assert.Null(message.DynamicBatching);
        Assert.Equal([-1L, 3L, 224L, 224L], message.Input[0].Dims);
        Assert.NotNull(message.VersionPolicy.All);
    }

    [Fact]
    public void Create_PolicyThatDoesNotWait_ShowsNoDelay()
    {
        var message = Create("max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 250 preferred_batch_size: 4 }", """{ "batching": { "policy": "deadline" } }""");

        Assert.Equal(0ul, message.DynamicBatching.MaxQueueDelayMicroseconds);
        Assert.Empty(message.DynamicBatching.PreferredBatchSize);
    }

    [Theory]
    [InlineData("cpu", ModelInstanceGroup.Types.Kind.Cpu, null)]
    [InlineData("cuda", ModelInstanceGroup.Types.Kind.Gpu, 0)]
    [InlineData("cuda:3", ModelInstanceGroup.Types.Kind.Gpu, 3)]
    [InlineData("tensorrt:1", ModelInstanceGroup.Types.Kind.Gpu, 1)]
    [InlineData("plugin:/opt/ep:1/libep.so", ModelInstanceGroup.Types.Kind.Model, null)]
    public void Create_Device_IsKindAndGpu(string device, ModelInstanceGroup.Types.Kind kind, int? gpu)
    {
        var group = Assert.Single(Create(json: $$"""{ "execution": { "device": "{{device}}" } }""").InstanceGroup);

        Assert.Equal(kind, group.Kind);
        Assert.Equal(gpu is { } number ? [number] : [], group.Gpus);
    }

    [Fact]
    public void Create_EveryDataType_IsTheOneThatTheReaderKnows()
    {
        foreach (var type in Enum.GetValues<TensorDataType>())
        {
            var message = Create(graph: Graphs.Create([("x", type, [-1, 2])], [("y", type, [-1, 2])]));

            Assert.Equal(TritonTensorReader.NameOf(type), TritonTensorReader.DataTypes[(int)message.Input[0].DataType]);
            Assert.Equal(message.Input[0].DataType, message.Output[0].DataType);
        }
    }
}
