using System.Globalization;
using GrpcServing.Models;
using GrpcServing.Protos;

namespace GrpcServing.Endpoints;

/// <summary>A model's configuration as clients of Triton read it: the answer of the ModelConfig RPC.</summary>
/// <remarks>
/// Complete: dims, limits and defaults are those in force, whatever file or graph they came from. What Triton's message has no word for
/// (the policy, the default deadline, queue bounds in rows and bytes) is not shown. Pure; any thread.
/// </remarks>
internal static class ModelConfigMessage
{
    /// <param name="executors">How many the version has: what its configuration may leave to the server.</param>
    public static ModelConfig Create(string name, ModelConfiguration configuration, int executors)
    {
        var message = new ModelConfig
        {
            Name = name,
            Platform = "onnxruntime_onnx",
            Backend = "onnxruntime",
            VersionPolicy = Create(configuration.Versions),
            MaxBatchSize = configuration.MaxBatchSize,
            DefaultModelFilename = configuration.ModelFile,
            ModelTransactionPolicy = new ModelTransactionPolicy { Decoupled = false },
            ResponseCache = new ModelResponseCache { Enable = false },
        };
        message.Input.AddRange(configuration.Inputs.Select(CreateInput));
        message.Output.AddRange(configuration.Outputs.Select(CreateOutput));
        if (configuration.MaxBatchSize > 0) message.DynamicBatching = Create(configuration.Batching);
        message.InstanceGroup.Add(CreateInstanceGroup(name, configuration.Execution, executors));
        foreach (var (key, value) in configuration.Parameters) message.Parameters[key] = new ModelParameter { StringValue = value };
        message.ModelWarmup.AddRange(configuration.Warmup.Select(Create));
        return message;
    }

    private static ModelVersionPolicy Create(VersionPolicy policy)
    {
        var message = new ModelVersionPolicy();
        switch (policy)
        {
            case VersionPolicy.Latest latest:
                message.Latest = new ModelVersionPolicy.Types.Latest { NumVersions = (uint)latest.Count };
                break;
            case VersionPolicy.Specific specific:
                message.Specific = new ModelVersionPolicy.Types.Specific();
                message.Specific.Versions.AddRange(specific.Versions);
                break;
            default:
                message.All = new ModelVersionPolicy.Types.All();
                break;
        }
        return message;
    }

    private static ModelInput CreateInput(TensorSpec spec)
    {
        var input = new ModelInput
        {
            Name = spec.Name,
            DataType = ToDataType(spec.DataType),
            Format = spec.Format switch
            {
                ImageFormat.Nhwc => ModelInput.Types.Format.Nhwc,
                ImageFormat.Nchw => ModelInput.Types.Format.Nchw,
                _ => ModelInput.Types.Format.None,
            },
            Reshape = Reshape(spec),
        };
        input.Dims.AddRange(spec.Dims);
        return input;
    }

    private static ModelOutput CreateOutput(TensorSpec spec)
    {
        var output = new ModelOutput { Name = spec.Name, DataType = ToDataType(spec.DataType), LabelFilename = spec.LabelFile, Reshape = Reshape(spec) };
        output.Dims.AddRange(spec.Dims);
        return output;
    }

    private static ModelTensorReshape? Reshape(TensorSpec spec)
    {
        if (spec.GraphDims.SequenceEqual(spec.Dims)) return null;
        var reshape = new ModelTensorReshape();
        reshape.Shape.AddRange(spec.GraphDims);
        return reshape;
    }

    /// <summary>Shown for every policy: to a client of Triton it says that requests are batched, and how long one may wait for company.</summary>
    private static ModelDynamicBatching Create(BatchingConfiguration batching)
    {
        var message = new ModelDynamicBatching
        {
            MaxQueueDelayMicroseconds = batching.Policy == BatchPolicyKind.Delay ? Microseconds(batching.MaxQueueDelay) : 0,
            PreserveOrdering = batching.PreserveOrdering,
            PriorityLevels = (ulong)batching.PriorityLevels,
            DefaultPriorityLevel = (ulong)batching.DefaultPriority,
            DefaultQueuePolicy = Create(batching.DefaultQueuePolicy),
        };
        if (batching.Policy == BatchPolicyKind.Delay) message.PreferredBatchSize.AddRange(batching.PreferredBatchSizes);
        foreach (var (level, policy) in batching.QueuePolicies) message.PriorityQueuePolicy[(ulong)level] = Create(policy);
        return message;
    }

    private static ModelQueuePolicy Create(QueuePolicy policy) => new()
    {
        TimeoutAction = policy.Action == QueueTimeoutAction.Delay ? ModelQueuePolicy.Types.TimeoutAction.Delay : ModelQueuePolicy.Types.TimeoutAction.Reject,
        DefaultTimeoutMicroseconds = Microseconds(policy.Timeout),
        AllowTimeoutOverride = policy.AllowOverride,
        MaxQueueSize = (uint)policy.MaxQueueSize,
    };

    private static ModelInstanceGroup CreateInstanceGroup(string name, ExecutionConfiguration execution, int executors)
    {
        var device = execution.Device.Split(':', 2);
        var isGpu = device[0] is "cuda" or "tensorrt";
        var group = new ModelInstanceGroup
        {
            Name = name,
            Count = executors,
            // A plug-in knows where it runs; Triton's word for that is MODEL.
            Kind = isGpu ? ModelInstanceGroup.Types.Kind.Gpu : device[0] == "cpu" ? ModelInstanceGroup.Types.Kind.Cpu : ModelInstanceGroup.Types.Kind.Model,
        };
        if (isGpu) group.Gpus.Add(device.Length > 1 ? int.Parse(device[1], NumberStyles.None, CultureInfo.InvariantCulture) : 0);
        return group;
    }

    private static ModelWarmup Create(WarmupRequest warmup)
    {
        var message = new ModelWarmup { Name = warmup.Name, BatchSize = (uint)warmup.BatchSize, Count = (uint)warmup.Count };
        foreach (var (input, tensor) in warmup.Inputs)
        {
            var value = new ModelWarmup.Types.Input { DataType = ToDataType(tensor.DataType) };
            value.Dims.AddRange(tensor.Dims);
            switch (tensor.Source)
            {
                case WarmupSource.Zero:
                    value.ZeroData = true;
                    break;
                case WarmupSource.Random:
                    value.RandomData = true;
                    break;
                default:
                    // The rest of the path is the server's own affair.
                    value.InputDataFile = Path.GetFileName(tensor.File);
                    break;
            }
            message.Inputs[input] = value;
        }
        return message;
    }

    private static ulong Microseconds(TimeSpan time) => (ulong)(time.Ticks / TimeSpan.TicksPerMicrosecond);

    private static DataType ToDataType(TensorDataType type) => type switch
    {
        TensorDataType.Bool => DataType.TypeBool,
        TensorDataType.UInt8 => DataType.TypeUint8,
        TensorDataType.UInt16 => DataType.TypeUint16,
        TensorDataType.UInt32 => DataType.TypeUint32,
        TensorDataType.UInt64 => DataType.TypeUint64,
        TensorDataType.Int8 => DataType.TypeInt8,
        TensorDataType.Int16 => DataType.TypeInt16,
        TensorDataType.Int32 => DataType.TypeInt32,
        TensorDataType.Int64 => DataType.TypeInt64,
        TensorDataType.Fp16 => DataType.TypeFp16,
        TensorDataType.Bf16 => DataType.TypeBf16,
        TensorDataType.Fp32 => DataType.TypeFp32,
        TensorDataType.Fp64 => DataType.TypeFp64,
        TensorDataType.Bytes => DataType.TypeString,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an element type of the protocol"),
    };
}
