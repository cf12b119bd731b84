using System.Collections.Concurrent;

namespace GrpcServing.Batching;

/// <summary>The boards of all devices, by what the configuration calls them. One per process; any thread.</summary>
public sealed class DeviceBoards(IShadowLaneObserver observer, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, DeviceBoard> _boards = new(StringComparer.OrdinalIgnoreCase);
    private volatile bool _isSuspended;

    /// <summary>The kill switch for all copies: those that run end at once, and none starts until it is set back.</summary>
    public bool IsSuspended
    {
        get => _isSuspended;
        set
        {
            _isSuspended = value;
            foreach (var board in _boards.Values) board.IsSuspended = value;
        }
    }

    internal IShadowLaneObserver Observer => observer;

    /// <summary>What tells whether the processor has room.</summary>
    internal Func<ProcessorMeter> Processor { get; init; } = () => ProcessorMeter.ForThisProcess(time.TimestampFrequency);

    /// <param name="device">As in <c>execution.device</c>; names of one GPU are one device.</param>
    internal DeviceBoard Of(string device) => _boards.GetOrAdd(Key(device), key => new DeviceBoard(
        key,
        key == "cpu" ? Environment.ProcessorCount : 1,
        Processor(),
        time) { IsSuspended = _isSuspended });

    private static string Key(string device)
    {
        var colon = device.IndexOf(':', StringComparison.Ordinal);
        var kind = colon < 0 ? device : device[..colon];
        return kind is "cuda" or "tensorrt" ? $"gpu:{(colon < 0 ? "0" : device[(colon + 1)..])}" : device;
    }
}
