using System.Runtime.InteropServices;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Models;
using GrpcServing.Onnx;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>Copies on real models: what the runtime and the system do when a run at the lowest priority is cut short.</summary>
public sealed class ShadowLaneTests : IDisposable
{
    private readonly TensorPool _pool = new();
    private readonly DeviceBoards _devices;

    public ShadowLaneTests() => _devices = new DeviceBoards(new Observer(), TimeProvider.System);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task SubmitAsync_CopyOfADigit_GetsThePrimarysAnswer()
    {
        var version = Load(TestPaths.Examples, "digits", 1);
        var shadow = version.OpenShadowLane(new ShadowLaneSettings { MaxAge = TimeSpan.FromSeconds(30) })!;
        var image = MemoryMarshal.AsBytes<float>(Digits.Image(0)).ToArray();

        var (primary, _) = await AskAsync(version, image);
        var (copy, answer) = await CopyAsync(version, shadow, image);

        Assert.True(Digits.AreEqual(MemoryMarshal.Cast<byte, float>(primary), MemoryMarshal.Cast<byte, float>(copy)));
        Assert.True(answer.Run.ExecutionTicks > 0);
        if (OperatingSystem.IsLinux()) Assert.True(answer.Run.CpuTicks > 0);
        await version.RetireAsync();
        Assert.Equal(_pool.Rented, _pool.Returned);
    }

    [Fact]
    public async Task DisposeAsync_CopyRunsForSeconds_EndsItInsideTheRuntime()
    {
        var version = Load(TestPaths.Models, "slow", 1);
        var shadow = version.OpenShadowLane(new ShadowLaneSettings { MaxAge = TimeSpan.FromSeconds(30) })!;
        var copy = CopyAsync(version, shadow, MemoryMarshal.AsBytes<float>([1, 2, 3, 4]).ToArray(), MemoryMarshal.AsBytes<long>([500_000_000]).ToArray());
        while (shadow.Runs.Started == 0) await Task.Yield();

        _devices.IsSuspended = true;
        while (shadow.Runs.Preempted == 0) await Task.Yield();
        Assert.Equal(1, shadow.Copies);
        _devices.IsSuspended = false;
        while (shadow.Runs.Started == 1) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);

        await version.RetireAsync();
        Assert.Equal(CopyDrop.Stopped, (await copy).Answer.Drop);
        Assert.Equal(0, shadow.Runs.Lost);
        Assert.Equal(_pool.Rented, _pool.Returned);
    }

    private ServedVersion Load(string repository, string model, long version)
    {
        var directory = Path.Combine(repository, model);
        return new VersionLoader(new OnnxModelRuntime(), _pool, _devices, new StatisticsRegistry(TimeProvider.System), TimeProvider.System).Load(model, version, directory, ConfigurationReader.ReadLayout(directory));
    }

    private async Task<(byte[] Output, ServingError Error)> AskAsync(ServedVersion version, params byte[][] inputs)
    {
        var request = Decode(version, inputs);
        var pending = new PendingRequest(request);
        var error = await version.Lane.SubmitAsync(pending, long.MaxValue, default);
        request.Release();
        return (Take(pending), error);
    }

    private async Task<(byte[] Output, CopyAnswer Answer)> CopyAsync(ServedVersion version, ShadowLane shadow, params byte[][] inputs)
    {
        var request = Decode(version, inputs);
        var pending = new PendingRequest(request);
        var answer = await shadow.SubmitAsync(pending, request.InputBytes, default);
        request.Release();
        return (answer.HasOutputs ? Take(pending) : [], answer);
    }

    private DecodedRequest Decode(ServedVersion version, byte[][] inputs)
    {
        var body = _pool.Rent(inputs.Sum(static input => input.Length));
        var slices = new InputSlice[inputs.Length];
        var offset = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i].CopyTo(body.Slice(offset, inputs[i].Length));
            slices[i] = new InputSlice(offset, inputs[i].Length);
            offset += inputs[i].Length;
        }
        return new DecodedRequest { Id = "", Body = body, Inputs = slices, Bucket = version.Shapes.Only!, Rows = 1 };
    }

    private static byte[] Take(PendingRequest answered)
    {
        var output = answered.Result!.Bytes(0).ToArray();
        answered.Result.Release();
        return output;
    }

    /// <summary>Nothing of what it hears may happen here.</summary>
    private sealed class Observer : IShadowLaneObserver
    {
        public void PriorityNotLowered(string reason)
        {
            // A container may forbid it; the lane runs all the same.
        }

        public void RunOverdue(ModelSpec spec, int rows, TimeSpan limit) => throw new InvalidOperationException($"{spec.Name}: a run was overdue.");

        public void RunLost(ModelSpec spec, int rows) => throw new InvalidOperationException($"{spec.Name}: a run was lost.");

        public void RunRecovered(ModelSpec spec) => throw new InvalidOperationException($"{spec.Name}: a run was recovered.");

        public void LaneFailed(ModelSpec spec, Exception failure) => throw new InvalidOperationException($"{spec.Name}: the lane failed.", failure);
    }
}
