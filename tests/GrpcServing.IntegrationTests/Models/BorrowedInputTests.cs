using System.Runtime.InteropServices;
using GrpcServing.Execution;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Microbenchmarks.Execution;
using GrpcServing.Routing;

namespace GrpcServing.IntegrationTests.Models;

/// <summary>Inputs that ONNX Runtime reads where the request lies, and those that it does not.</summary>
public sealed class BorrowedInputTests : IDisposable
{
    private const int Elements = 100_000;

    private readonly TensorPool _pool = new();
    private readonly OpenModel _model = new(Path.Combine(TestPaths.Models, "large"));
    private readonly Executor _executor;
    private readonly ShapeBucket _bucket;

    public BorrowedInputTests()
    {
        _executor = _model.Executor;
        _bucket = _model.Shapes.Get([[Elements]]);
    }

    public void Dispose()
    {
        _model.Dispose();
        _pool.Dispose();
    }

    [Fact]
    public void Run_BorrowedAndWrittenByTurns_EachReadsItsOwn()
    {
        var (ones, twos) = (Body(2, 1), Body(2, 2));
        for (var turn = 0; turn < 3; turn++)
        {
            Assert.Equal([Elements, Elements], Borrow(ones));
            Assert.Equal([2 * Elements, 2 * Elements], Borrow(twos));
            // Whoever gets the memory next writes into it.
            twos.GetSpan().Fill(0xff);
            Assert.Equal([3 * Elements, 4 * Elements], Write(3, 4));
            MemoryMarshal.Cast<byte, float>(twos.GetSpan()).Fill(2);
        }
        ones.Release();
        twos.Release();
    }

    [Fact]
    public void TryBorrow_TooFewOrNotWhereTheRuntimeNeedsThem_IsNotTaken()
    {
        var body = Body(3, 1);
        const int Row = Elements * sizeof(float);

        _executor.Bind(_bucket, 2);
        Assert.True(_executor.TryBorrow(0, body, new InputSlice(0, 2 * Row)));
        Assert.True(_executor.TryBorrow(0, body, new InputSlice(64, 2 * Row)));
        Assert.False(_executor.TryBorrow(0, body, new InputSlice(4, 2 * Row)));
        Assert.False(_executor.TryBorrow(0, body, new InputSlice(0, Row)));
        body.Release();
    }

    private float[] Borrow(TensorBuffer body)
    {
        _executor.Bind(_bucket, 2);
        Assert.True(_executor.TryBorrow(0, body, new InputSlice(0, 2 * Elements * sizeof(float))));
        return Run();
    }

    private float[] Write(params float[] rows)
    {
        _executor.Bind(_bucket, rows.Length);
        for (var row = 0; row < rows.Length; row++) _executor.Write(0, (long)row * Elements, MemoryMarshal.AsBytes<float>(Enumerable.Repeat(rows[row], Elements).ToArray()));
        return Run();
    }

    private float[] Run()
    {
        _executor.Run();
        return MemoryMarshal.Cast<byte, float>(_executor.OutputBytes(0)).ToArray();
    }

    private TensorBuffer Body(int rows, float value)
    {
        var body = _pool.Rent(rows * Elements * sizeof(float));
        MemoryMarshal.Cast<byte, float>(body.GetSpan()).Fill(value);
        return body;
    }
}
