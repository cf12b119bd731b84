using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using GrpcServing.Hosting;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;
using Microsoft.Data.Sqlite;

namespace GrpcServing.Shadowing;

/// <summary>The captured requests of all models, in one embedded database under <c>Serving:CaptureDirectory</c>.</summary>
/// <remarks>
/// Opened by the first shadow, not before. A store that cannot be used is said once in the log, with what to do; the shadow then runs
/// without captures, and the next one to start tries again. Any thread.
/// </remarks>
internal sealed partial class CaptureStore(ServingOptions options, CaptureTotalsTable totals, TimeProvider time, ILogger<CaptureStore> logger) : IShadowCaptures, ICaptureReader, IAsyncDisposable
{
    private const int RowsPerRead = 32;

    private readonly SemaphoreSlim _opening = new(1);
    private CaptureWriter? _writer;
    private CaptureIds? _ids;

    public IShadowCapture Open(ShadowSides sides, ShadowSettings settings)
    {
        var ofModel = totals.Of(sides.Model);
        _opening.Wait(CancellationToken.None);
        try
        {
            if (_writer is { IsOn: false }) CloseAsync().AsTask().GetAwaiter().GetResult();
            if (_writer is null)
            {
                _writer = CaptureWriter.Open(options.CaptureDirectory, Failed);
                _ids = new CaptureIds(_writer.LastId);
            }
            var shadow = _writer.AddShadowAsync(sides, ofModel, time.GetUtcNow()).GetAwaiter().GetResult();
            return _writer.IsOn ? new ShadowCapture(_writer, _ids!, ofModel, shadow, sides, settings) : new NoCapture(ofModel);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SqliteException)
        {
            Failed(failure);
            return new NoCapture(ofModel);
        }
        finally
        {
            _opening.Release();
        }
    }

    public async IAsyncEnumerable<CapturedRequest> ReadAsync(string model, bool disagreementsOnly, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (_writer is { } writer) await writer.FlushAsync().ConfigureAwait(false);
        var file = Path.Combine(options.CaptureDirectory, "captures.db");
        if (!File.Exists(file)) yield break;
        using var connection = CaptureDatabase.Connect(file, SqliteOpenMode.ReadWrite);
        using var command = connection.CreateCommand();
        // In pieces: a reader that stops half-way must not keep the log of the writer growing.
        command.CommandText = "SELECT id, at, slice, disagreement, request, primary_answer, candidate_answer FROM captured WHERE model = $model AND id > $after AND disagreement >= $disagreement ORDER BY id LIMIT $limit";
        command.Parameters.AddWithValue("$model", model);
        command.Parameters.AddWithValue("$disagreement", disagreementsOnly ? 1 : 0);
        command.Parameters.AddWithValue("$limit", RowsPerRead);
        var after = command.Parameters.AddWithValue("$after", 0L);
        var piece = new List<CapturedRequest>();
        do
        {
            piece.Clear();
            using (var reader = command.ExecuteReader())
                while (reader.Read()) piece.Add(Read(reader));
            foreach (var captured in piece)
            {
                cancellation.ThrowIfCancellationRequested();
                after.Value = captured.Id;
                yield return captured;
            }
        }
        while (piece.Count == RowsPerRead);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _opening.Dispose();
    }

    private async ValueTask CloseAsync()
    {
        if (_writer is { } writer) await writer.DisposeAsync().ConfigureAwait(false);
        _writer = null;
    }

    private void Failed(Exception failure)
    {
        totals.Failed();
        LogOff(logger, options.CaptureDirectory, failure.Message);
    }

    private static CapturedRequest Read(SqliteDataReader row)
    {
        var captured = new CapturedRequest
        {
            Id = row.GetInt64(0),
            At = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1))),
            Slice = row.GetString(2),
            Disagreement = row.GetInt64(3) != 0,
            Request = ModelInferRequest.Parser.ParseFrom(row.GetFieldValue<byte[]>(4)),
        };
        if (!row.IsDBNull(5)) captured.Primary = ModelInferResponse.Parser.ParseFrom(row.GetFieldValue<byte[]>(5));
        if (!row.IsDBNull(6)) captured.Candidate = ModelInferResponse.Parser.ParseFrom(row.GetFieldValue<byte[]>(6));
        return captured;
    }

    [LoggerMessage(EventIds.CaptureOff, LogLevel.Warning, "Requests cannot be captured in {Directory}: {Reason}. Shadows go on without; make the directory writable or choose another with Serving:CaptureDirectory, then start the shadow again")]
    private static partial void LogOff(ILogger logger, string directory, string reason);
}
