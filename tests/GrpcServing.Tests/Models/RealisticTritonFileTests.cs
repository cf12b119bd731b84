using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

/// <summary>Files in the form in which people have them, comments and odd spelling included.</summary>
public class RealisticTritonFileTests
{
    [Fact]
    public void Read_ImageClassifier_IsServedAsTritonWould()
    {
        using var directory = new ModelDirectory("""
            # Exported with torch.onnx.export(..., dynamic_axes={"input": {0: "N"}, "output": {0: "N"}})
            name: "resnet"
            platform: "onnxruntime_onnx"
            max_batch_size : 128
            input [
              {
                name: "input"
                data_type: TYPE_FP32
                format: FORMAT_NCHW
                dims: [ 3, 224, 224 ]
              }
            ]
            output [
              {
                name: "output"
                data_type: TYPE_FP32
                dims: [ 1000 ]
                label_filename: "resnet_labels.txt"
              }
            ]
            instance_group [
              {
                count: 2
                kind: KIND_CPU
              }
            ]
            dynamic_batching {
              preferred_batch_size: [ 16, 32, 64 ]
              max_queue_delay_microseconds: 2000
            }
            optimization { execution_accelerators {
              gpu_execution_accelerator : [ {
                name : "tensorrt"
                parameters { key: "precision_mode" value: "FP32" }
                parameters { key: "max_workspace_size_bytes" value: "1073741824" }
              } ]
            }}
            """);
        directory.Write("resnet_labels.txt", string.Join('\n', Enumerable.Range(0, 1000).Select(static i => $"class {i}")));

        var configuration = directory.Read(Graphs.Image);

        Assert.Equal(128, configuration.MaxBatchSize);
        Assert.Equal(ImageFormat.Nchw, configuration.Inputs[0].Format);
        Assert.Equal([3L, 224L, 224L], configuration.Inputs[0].Dims);
        Assert.Equal("class 999", configuration.Outputs[0].Labels[999]);
        Assert.Equal(BatchPolicyKind.Delay, configuration.Batching.Policy);
        Assert.Equal([16, 32, 64], configuration.Batching.PreferredBatchSizes);
        Assert.Equal(TimeSpan.FromMilliseconds(2), configuration.Batching.MaxQueueDelay);
        Assert.Equal(new ExecutionConfiguration { Device = "cpu", Instances = 2 }, configuration.Execution);
        Assert.Equal(3, configuration.Remarks.Length);
        Assert.All(configuration.Remarks, static remark => Assert.Contains("has no effect", remark, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_TextClassifierWithStrings_RunsRequestsAloneWithoutDynamicBatching()
    {
        var graph = Graphs.Create(
            [("text", TensorDataType.Bytes, [-1, 1])],
            [("label", TensorDataType.Int64, [-1]), ("probabilities", TensorDataType.Fp32, [-1, 3])],
            rowsAreIndependent: false);
        using var directory = new ModelDirectory("""
            backend: "onnxruntime"
            max_batch_size: 32
            input  [{ name: "text"          data_type: TYPE_STRING dims: [ 1 ] }]
            output [{ name: "label"         data_type: TYPE_INT64  dims: [ 1 ] reshape: { shape: [ ] } },
                    { name: "probabilities" data_type: TYPE_FP32   dims: [ 3 ] }]
            version_policy: { specific: { versions: [ 1, 3 ] } }
            """);

        var configuration = directory.Read(graph);

        Assert.Equal(0, configuration.MaxBatchSize);
        Assert.Equal([-1L, 1L], configuration.Inputs[0].Dims);
        Assert.Equal([-1L, 1L], configuration.Outputs[0].Dims);
        Assert.Equal([-1L], configuration.Outputs[0].GraphDims);
        Assert.Equal([1L, 3L], configuration.Versions.Select([1, 2, 3]));
        Assert.Contains("without dynamic_batching each request runs alone", Assert.Single(configuration.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TransformerWithPrioritiesAndQueuePolicies_TakesThem()
    {
        var graph = Graphs.Create(
            [("input_ids", TensorDataType.Int64, [-1, -1]), ("attention_mask", TensorDataType.Int64, [-1, -1])],
            [("last_hidden_state", TensorDataType.Fp32, [-1, -1, 768]), ("pooler_output", TensorDataType.Fp32, [-1, 768])]);
        using var directory = new ModelDirectory("""
            name: 'resnet';
            backend: 'onnxruntime';
            max_batch_size: 64;
            input: { name: 'input_ids', data_type: TYPE_INT64, dims: -1 }
            input: { name: 'attention_mask', data_type: TYPE_INT64, dims: -1 }
            output: < name: 'last_hidden_state' data_type: TYPE_FP32 dims: -1 dims: 768 >
            dynamic_batching <
              max_queue_delay_microseconds: 0x3E8
              priority_levels: 3
              default_priority_level: 2
              default_queue_policy < timeout_action: REJECT default_timeout_microseconds: 500000 allow_timeout_override: true max_queue_size: 256 >
              priority_queue_policy: [
                < key: 1 value: < max_queue_size: 32 > >,
                < key: 3 value: < timeout_action: DELAY default_timeout_microseconds: 2000000 > >
              ]
            >
            parameters { key: "intra_op_thread_count" value: { string_value: "2" } }
            parameters { key: "owner" value: { string_value: "search" "-team" } }
            """);

        var configuration = directory.Read(graph);

        Assert.Equal(64, configuration.MaxBatchSize);
        Assert.Equal(["last_hidden_state"], configuration.Outputs.Select(static output => output.Name));
        Assert.Equal(TimeSpan.FromMilliseconds(1), configuration.Batching.MaxQueueDelay);
        Assert.Equal((3, 2), (configuration.Batching.PriorityLevels, configuration.Batching.DefaultPriority));
        Assert.Equal(new QueuePolicy(QueueTimeoutAction.Reject, TimeSpan.FromMilliseconds(500), AllowOverride: true, 256), configuration.Batching.DefaultQueuePolicy);
        Assert.Equal(32, configuration.Batching.QueuePolicies[1].MaxQueueSize);
        Assert.Equal(QueueTimeoutAction.Delay, configuration.Batching.QueuePolicies[3].Action);
        Assert.Equal(2, configuration.Execution.IntraOpThreads);
        Assert.Equal("search-team", configuration.Parameters["owner"]);
        Assert.Empty(configuration.Remarks);
    }

    [Fact]
    public void Read_DetectorOnAGpuWithWarmup_TakesThem()
    {
        var graph = Graphs.Create(
            [("images", TensorDataType.Fp16, [1, 3, 640, 640])],
            [("boxes", TensorDataType.Fp32, [1, -1, 4]), ("count", TensorDataType.Int32, [])],
            rowsAreIndependent: false);
        using var directory = new ModelDirectory("""
            default_model_filename: "yolo.onnx"
            # No batching: the export has batch 1 inside.
            max_batch_size: 0
            input [ { name: "images" data_type: TYPE_FP16 dims: [ 1, 3, 640, 640 ] } ]
            output [ { name: "boxes" data_type: TYPE_FP32 dims: [ 1, -1, 4 ] },
                     { name: "count" data_type: TYPE_INT32 dims: [ 1 ] reshape { shape: [ ] } } ]
            instance_group [ { name: "gpu" count: 1 kind: KIND_GPU gpus: [ 1 ] } ]
            model_warmup [
              {
                name: "random"
                batch_size: 1
                count: 3
                inputs: {
                  key: "images"
                  value: { data_type: TYPE_FP16 dims: [ 1, 3, 640, 640 ] random_data: true }
                }
              }
            ]
            model_transaction_policy { decoupled: False }
            response_cache { enable: false }
            """);

        var configuration = directory.Read(graph);

        Assert.Equal(0, configuration.MaxBatchSize);
        Assert.Equal("yolo.onnx", configuration.ModelFile);
        Assert.Equal(new ExecutionConfiguration { Device = "cuda:1", Instances = 1 }, configuration.Execution);
        Assert.Equal([1L], configuration.Outputs[1].Dims);
        Assert.Empty(configuration.Outputs[1].GraphDims);
        var warmup = Assert.Single(configuration.Warmup);
        Assert.Equal((1, 3, WarmupSource.Random), (warmup.BatchSize, warmup.Count, warmup.Inputs["images"].Source));
        Assert.Empty(configuration.Remarks);
    }

    [Fact]
    public void Read_SequenceModelOfAnotherBackend_IsRefusedWithEveryReason()
    {
        using var directory = new ModelDirectory("""
            name: "asr"
            backend: "python"
            max_batch_size: 8
            input [ { name: "input" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] allow_ragged_batch: true } ]
            sequence_batching {
              max_sequence_idle_microseconds: 5000000
              control_input [ { name: "START" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] } ]
            }
            model_transaction_policy { decoupled: true }
            """);

        var errors = directory.ErrorsOf(Graphs.Image);

        Assert.Equal(
            [
                "model 'resnet' has 5 errors in its configuration:",
                "config.pbtxt:1: name ('asr') must be the name of the model's directory, 'resnet'",
                "config.pbtxt:2: backend ('python') must be 'onnxruntime': this server runs ONNX models; export the model to ONNX",
                "config.pbtxt:4: input.allow_ragged_batch (true) is not supported: requests of one shape share a batch; remove it",
                "config.pbtxt:5: sequence_batching is not supported: requests of a sequence are not kept together; serve the model without state, its state as inputs and outputs",
                "config.pbtxt:9: model_transaction_policy.decoupled (true) is not supported: every request has exactly one response",
            ],
            errors);
    }
}
