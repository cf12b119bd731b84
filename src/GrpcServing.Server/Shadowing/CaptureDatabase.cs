using System.Globalization;
using Microsoft.Data.Sqlite;

namespace GrpcServing.Shadowing;

/// <summary>The tables of the captures and what is done with them. One owner, one thread: <see cref="CaptureWriter"/>.</summary>
/// <remarks>
/// SQLite with a write-ahead log: a process that is killed at any instant leaves whole transactions behind, and readers never wait for the
/// writer. <c>synchronous = NORMAL</c>: what was committed survives a killed process; only a loss of power may take the last moment, and
/// never the file. That costs no flush to the disk per transaction, which a shadow must not ask of the machine it shares.
/// </remarks>
internal sealed class CaptureDatabase : IDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS shadow (
            id INTEGER PRIMARY KEY, model TEXT NOT NULL, primary_version INTEGER NOT NULL, candidate_version INTEGER NOT NULL, started_at INTEGER NOT NULL,
            offered INTEGER NOT NULL DEFAULT 0, passed_over INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
            stored INTEGER NOT NULL DEFAULT 0, replaced INTEGER NOT NULL DEFAULT 0, evicted INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS captured (
            id INTEGER PRIMARY KEY, shadow INTEGER NOT NULL REFERENCES shadow(id), model TEXT NOT NULL, at INTEGER NOT NULL, slice TEXT NOT NULL,
            disagreement INTEGER NOT NULL, sample INTEGER NOT NULL, bytes INTEGER NOT NULL, request BLOB NOT NULL, primary_answer BLOB, candidate_answer BLOB);
        CREATE INDEX IF NOT EXISTS captured_by_model ON captured (model, id);
        PRAGMA user_version = 1;
        """;

    private readonly SqliteConnection _connection;

    private CaptureDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="SqliteException">It cannot be used, or is no database.</exception>
    public static CaptureDatabase Open(string file)
    {
        var connection = Connect(file, SqliteOpenMode.ReadWriteCreate);
        try
        {
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;");
            Execute(connection, Schema);
            return new CaptureDatabase(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A further connection, for readers.</summary>
    public static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public long LastId => Scalar("SELECT COALESCE(MAX(id), 0) FROM captured");

    /// <summary>Bytes of all captured requests and answers of a model.</summary>
    public long BytesOf(string model) => Scalar("SELECT COALESCE(SUM(bytes), 0) FROM captured WHERE model = $model", ("$model", model));

    public long AddShadow(string model, long primary, long candidate, DateTimeOffset at) => Scalar(
        "INSERT INTO shadow (model, primary_version, candidate_version, started_at) VALUES ($model, $primary, $candidate, $at) RETURNING id",
        ("$model", model), ("$primary", primary), ("$candidate", candidate), ("$at", at.ToUnixTimeMilliseconds()));

    /// <summary>All or nothing: what <paramref name="work"/> does is there whole or not at all.</summary>
    public void InTransaction(Action work)
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        work();
        transaction.Commit();
    }

    public void Add(long shadow, string model, CaptureRecord record) => Execute(
        "INSERT INTO captured (id, shadow, model, at, slice, disagreement, sample, bytes, request, primary_answer, candidate_answer) VALUES ($id, $shadow, $model, $at, $slice, $disagreement, $sample, $bytes, $request, $primary, $candidate)",
        ("$id", record.Id), ("$shadow", shadow), ("$model", model), ("$at", record.At.ToUnixTimeMilliseconds()), ("$slice", record.Slice),
        ("$disagreement", record.IsDisagreement ? 1 : 0), ("$sample", record.IsSample ? 1 : 0), ("$bytes", record.Bytes),
        ("$request", record.Request), ("$primary", (object?)record.Primary ?? DBNull.Value), ("$candidate", (object?)record.Candidate ?? DBNull.Value));

    /// <returns>The bytes it gave back; -1 when it was not there.</returns>
    public long Remove(long id) => Scalar("DELETE FROM captured WHERE id = $id RETURNING bytes", ("$id", id));

    /// <summary>Takes out what is least missed: captured traffic before disagreements, old before new.</summary>
    /// <returns>The shadow that it belonged to and its bytes; (0, 0) when nothing is left.</returns>
    public (long Shadow, long Bytes) EvictOne(string model)
    {
        using var command = Command("DELETE FROM captured WHERE id = (SELECT id FROM captured WHERE model = $model ORDER BY sample DESC, id LIMIT 1) RETURNING shadow, bytes", ("$model", model));
        using var reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }

    /// <summary>Adds to the counts of the store's own doing, and sets those of the session's.</summary>
    public void Count(long shadow, CaptureCounts counts) => Execute(
        "UPDATE shadow SET offered = MAX(offered, $offered), passed_over = MAX(passed_over, $passed), dropped = MAX(dropped, $dropped), stored = stored + $stored, replaced = replaced + $replaced, evicted = evicted + $evicted WHERE id = $id",
        ("$id", shadow), ("$offered", counts.Offered), ("$passed", counts.PassedOver), ("$dropped", counts.Dropped), ("$stored", counts.Stored), ("$replaced", counts.Replaced), ("$evicted", counts.Evicted));

    public void Dispose() => _connection.Dispose();

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private long Scalar(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return Convert.ToInt64(command.ExecuteScalar() ?? -1L, CultureInfo.InvariantCulture);
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
