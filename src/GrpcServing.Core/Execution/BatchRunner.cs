using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Execution;

/// <summary>Runs a planned batch: gathers the members' rows, runs them, gives each member exactly its own rows back.</summary>
/// <remarks>
/// <para>
/// Promise: when <see cref="Run"/> returns every member has been answered, whatever happened; unless the run was stopped, or failed and
/// leaves that to its owner (<see cref="BatchRun.Stopped"/>, <see cref="BatchRun.Faulted"/>).
/// </para>
/// <para>
/// A run that fails is split in two and both halves run again, down to single requests, so only the guilty ones fail. A member that was
/// answered before (its caller cancelled) is left out.
/// </para>
/// <para>No state of its own; executors of one lane may call it at the same time, each with its own <see cref="BatchRun"/>.</para>
/// </remarks>
internal sealed class BatchRunner(ModelSpec spec, TensorPool pool, VersionStatistics statistics, CircuitBreaker circuit, TimeProvider time)
{
    private readonly Padding _padding = new(spec);
    private readonly int[] _allOutputs = [.. Enumerable.Range(0, spec.Outputs.Length)];

    public void Run(BatchRun run)
    {
        var members = run.Plan.Members;
        run.StartedAt = time.GetTimestamp();
        var generation = run.Expect(members.Count);
        foreach (var entry in members)
        {
            var member = (PendingRequest)entry;
            member.StartedAt = run.StartedAt;
            member.JoinRun(run, generation);
        }
        // After JoinRun: a caller who goes from here on tells the run itself; one who went before is found here.
        RemoveAnswered(run.Plan);
        if (members.Count > 0) statistics.RecordStart(run.Plan, run.StartedAt);
        run.Trace = members.Count > 0 ? BatchTrace.Open(spec, run) : null;
        run.Succeeded = members.Count > 0 && RunPart(run, 0, members.Count, run.Plan.PaddedRows);
        foreach (var entry in members) ((PendingRequest)entry).LeaveRun(gone: false);
        if (!run.Succeeded) run.EndedAt = time.GetTimestamp();
        if (run.Succeeded && run.Plan.PlannedTicks > 0) statistics.RecordPlan(run.Plan.PlannedTicks, run.EndedAt - run.StartedAt);
        run.Trace?.End(run.EndedAt);
    }

    /// <summary>Leaves members that nobody waits for out of the batch, and gives their bytes up.</summary>
    private static void RemoveAnswered(Batch plan)
    {
        var kept = 0;
        var rows = 0;
        for (var i = 0; i < plan.Members.Count; i++)
        {
            var member = (PendingRequest)plan.Members[i];
            if (member.IsAnswered)
            {
                member.LeaveRun(gone: true);
                member.ReleaseBody();
                continue;
            }
            plan.Members[kept++] = member;
            rows += member.Rows;
        }
        plan.Members.RemoveRange(kept, plan.Members.Count - kept);
        if (rows != plan.Rows) plan.PaddedRows = rows;
        plan.Rows = rows;
    }

    /// <summary>Runs members [first, end) and answers each; splits on a fault.</summary>
    /// <returns>True when they ran in one piece.</returns>
    private bool RunPart(BatchRun run, int first, int end, int paddedRows)
    {
        var members = run.Plan.Members;
        var rows = 0;
        for (var i = first; i < end; i++) rows += members[i].Rows;
        paddedRows = Math.Max(paddedRows, rows);

        ServingError error;
        var started = time.GetTimestamp();
        var (gathered, executed) = (0L, 0L);
        try
        {
            Gather(run, first, end, rows, paddedRows);
            gathered = time.GetTimestamp();
            run.Execute();
            executed = time.GetTimestamp();
            var measure = new RunMeasure(rows, paddedRows, executed - gathered, ThreadClock.ToTicks(run.CpuNanoseconds, time));
            Scatter(run.Executor, members, first, end, paddedRows);
            var times = new StageTimes(started, gathered, executed, time.GetTimestamp());
            run.EndedAt = times.Scattered;
            run.Plan.CostTicks = measure.CpuTicks;
            statistics.Predictions?.Record(run.Executor, rows);
            // Claimed before they are counted, and counted before they are answered: each counts once, and whoever has an answer finds it counted.
            var goneRows = 0;
            for (var i = first; i < end; i++)
                if (!((PendingRequest)members[i]).TryClaim()) goneRows += members[i].Rows;
            statistics.RecordExecution(members, first, end, rows, paddedRows, times);
            run.Trace?.Ran(members, first, end, times, ServingError.None);
            circuit.Succeeded();
            for (var i = first; i < end; i++)
            {
                var member = (PendingRequest)members[i];
                member.ReleaseBody();
                member.Run = measure;
                member.Complete();
            }
            if (goneRows > 0) statistics.RecordWaste((executed - gathered) * goneRows / rows);
            return true;
        }
        catch (ExecutionException failure) when (failure.Terminated)
        {
            var now = time.GetTimestamp();
            statistics.RecordWaste(now - started);
            // Who stopped it sees to those who still wait.
            if (run.Stopped != RunStop.None) return false;
            // A termination meant for the batch before can arrive late: those who still wait are served.
            error = new ServingError(ErrorReason.Cancelled, "The run was ended because every caller in its batch had gone.");
            if (AnyPresent(members, first, end))
            {
                run.Trace?.Ran(members, first, end, new StageTimes(started, gathered, executed, now), error);
                return RunPart(run, first, end, paddedRows);
            }
        }
        catch (ExecutionException failure)
        {
            error = new ServingError(ErrorReason.ExecutionFailed, $"Running model '{spec.Name}' version {spec.Version} failed: {failure.Message}");
            if (end - first > 1 && run.IsOfCopies)
            {
                run.Faulted = true;
                return false;
            }
            if (end - first > 1)
            {
                statistics.RecordSplit();
                run.Trace?.Ran(members, first, end, new StageTimes(started, gathered, executed, time.GetTimestamp()), error);
                var middle = first + ((end - first) / 2);
                RunPart(run, first, middle, 0);
                RunPart(run, middle, end, 0);
                return false;
            }
            circuit.Failed(time.GetTimestamp());
        }
        catch (OutOfMemoryException)
        {
            error = new ServingError(ErrorReason.Internal, $"Running model '{spec.Name}' version {spec.Version} failed: no memory for a batch of {rows} rows. Lower maxBatchSize or batching.maxQueueBytes.");
        }
        catch (Exception bug)
        {
            error = new ServingError(ErrorReason.Internal, $"Running model '{spec.Name}' version {spec.Version} failed inside the server: {bug.Message}");
        }
        run.Trace?.Ran(members, first, end, new StageTimes(started, gathered, executed, time.GetTimestamp()), error);
        for (var i = first; i < end; i++)
        {
            var member = (PendingRequest)members[i];
            member.ReleaseBody();
            member.Fault(error);
        }
        return false;
    }

    private static bool AnyPresent(List<QueueEntry> members, int first, int end)
    {
        for (var i = first; i < end; i++)
            if (!((PendingRequest)members[i]).IsAnswered) return true;
        return false;
    }

    private void Gather(BatchRun run, int first, int end, int rows, int paddedRows)
    {
        var (executor, members) = (run.Executor, run.Plan.Members);
        var head = ((PendingRequest)members[first]).Request;
        executor.Bind(head.Bucket, paddedRows);
        // A copy's run may be given up, and its members' bodies with it, while it still goes on.
        var mayBorrow = end - first == 1 && rows == paddedRows && head.OwnRowDims is null && !run.IsOfCopies;
        for (var input = 0; input < spec.Inputs.Length; input++)
        {
            if (mayBorrow && executor.TryBorrow(input, head.Body, head.Inputs[input])) continue;
            var rowElements = head.Bucket.RowElements[input];
            var element = 0L;
            for (var i = first; i < end; i++)
            {
                var member = (PendingRequest)members[i];
                Write(executor, input, element, member.Request, member.Rows);
                element += rowElements * member.Rows;
            }
            // Copies of a real row: stale or zero bytes could make a run fail or slow (NaN, index out of range).
            for (var row = rows; row < paddedRows; row++) Write(executor, input, rowElements * row, head, 1);
        }
    }

    /// <summary>Writes the first so many rows of a request.</summary>
    private void Write(Executor executor, int input, long firstElement, DecodedRequest request, int rows)
    {
        var raw = request.Input(input);
        if (request.OwnRowDims is not null)
        {
            _padding.Write(executor, input, firstElement, raw, request, rows);
            return;
        }
        if (rows < request.Rows) raw = raw[..RawTensor.ByteLength(spec.Inputs[input].DataType, raw, request.Bucket.RowElements[input] * rows)];
        executor.Write(input, firstElement, raw);
    }

    private void Scatter(Executor executor, List<QueueEntry> members, int first, int end, int rowsInBatch)
    {
        var row = 0;
        for (var i = first; i < end; i++)
        {
            var member = (PendingRequest)members[i];
            member.Prepare(Slice(executor, member, row, rowsInBatch));
            row += member.Rows;
        }
    }

    private InferenceResult Slice(Executor executor, PendingRequest member, int firstRow, int rowsInBatch)
    {
        var requested = member.Request.Outputs;
        var count = requested.IsEmpty ? _allOutputs.Length : requested.Length;
        var isPadded = member.Request.OwnRowDims is not null;
        var slices = new OutputSlice[count];
        var total = 0;
        for (var i = 0; i < count; i++)
        {
            var output = requested.IsEmpty ? _allOutputs[i] : requested[i].Output;
            var (start, length) = Range(executor, output, firstRow, member.Rows, rowsInBatch);
            var shape = MemberShape(executor.OutputShape(output), output, member);
            slices[i] = new OutputSlice(output, start, length, shape);
            total = checked(total + OwnLength(slices[i], isPadded));
        }
        var body = pool.Rent(total);
        var offset = 0;
        for (var i = 0; i < count; i++)
        {
            var slice = slices[i];
            var bytes = executor.OutputBytes(slice.Output).Slice(slice.Offset, slice.Length);
            var length = OwnLength(slice, isPadded);
            if (length == slice.Length) bytes.CopyTo(body.Slice(offset, length));
            else Padding.Read(bytes, executor.OutputShape(slice.Output)[1..], body.Slice(offset, length), slice.Shape[1..], member.Rows, spec.Outputs[slice.Output].DataType.ElementSize());
            slices[i] = slice with { Offset = offset, Length = length };
            offset += length;
        }
        return new InferenceResult(body, slices);
    }

    /// <summary>Bytes of an output that belong to rows [firstRow, firstRow + rows).</summary>
    private (int Start, int Length) Range(Executor executor, int output, int firstRow, int rows, int rowsInBatch)
    {
        var bytes = executor.OutputBytes(output);
        if (!spec.HasBatchAxis) return (0, bytes.Length);
        if (spec.Outputs[output].DataType != TensorDataType.Bytes)
        {
            var stride = bytes.Length / rowsInBatch;
            return (stride * firstRow, stride * rows);
        }
        var elementsPerRow = Product(executor.OutputShape(output)) / rowsInBatch;
        var start = RawTensor.ByteLength(TensorDataType.Bytes, bytes, elementsPerRow * firstRow);
        return (start, RawTensor.ByteLength(TensorDataType.Bytes, bytes[start..], elementsPerRow * rows));
    }

    private long[] MemberShape(long[] batchShape, int output, PendingRequest member)
    {
        if (member.Request.OwnRowDims is not null) return [member.Rows, .. _padding.OutputRow(output, batchShape, member.Request)];
        if (!spec.HasBatchAxis || batchShape[0] == member.Rows) return batchShape;
        var shape = (long[])batchShape.Clone();
        shape[0] = member.Rows;
        return shape;
    }

    /// <summary>Bytes of a slice once what stands for padded inputs is cut away.</summary>
    private int OwnLength(in OutputSlice slice, bool isPadded) =>
        isPadded && spec.Outputs[slice.Output].DataType != TensorDataType.Bytes
            ? checked((int)(Product(slice.Shape) * spec.Outputs[slice.Output].DataType.ElementSize()))
            : slice.Length;

    private static long Product(long[] shape)
    {
        var product = 1L;
        foreach (var dim in shape) product *= dim;
        return product;
    }
}
