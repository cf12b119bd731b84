using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace GrpcServing.Shadowing;

/// <summary>The one thread that writes captures: whatever has come since the last transaction makes the next.</summary>
/// <remarks>
/// <see cref="TryWrite"/> and <see cref="FlushAsync"/> from any thread; they never wait for the disk. What waits is bounded by
/// <see cref="MaxWaitingBytes"/>. A store that fails is off from then on: it is said once, everything offered later counts as dropped, and
/// nobody else notices.
/// </remarks>
internal sealed class CaptureWriter : IAsyncDisposable
{
    public const long MaxWaitingBytes = 32L << 20;

    private const int MaxRecordsPerTransaction = 128;

    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CaptureDatabase _database;
    private readonly FileStream _lock;
    private readonly Action<Exception> _failed;
    private readonly Task _ended;
    private readonly Dictionary<string, long> _bytesByModel = new(StringComparer.Ordinal);
    private readonly List<Action> _written = [];
    private long _waitingBytes;
    private volatile bool _isOn = true;

    private CaptureWriter(CaptureDatabase database, FileStream @lock, string file, Action<Exception> failed)
    {
        _database = database;
        _lock = @lock;
        _failed = failed;
        File = file;
        LastId = database.LastId;
        _ended = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public string File { get; }

    /// <summary>Largest id in the file when it was opened.</summary>
    public long LastId { get; }

    /// <summary>False once the store has failed.</summary>
    public bool IsOn => _isOn;

    /// <summary>Opens the store of a directory and locks it against other servers. A file that is no database any more is put aside.</summary>
    /// <param name="failed">Told once, on the writing thread, when the store fails later.</param>
    /// <exception cref="IOException">The directory cannot be written, or another server captures into it.</exception>
    /// <exception cref="SqliteException">The file cannot be used.</exception>
    public static CaptureWriter Open(string directory, Action<Exception> failed)
    {
        Directory.CreateDirectory(directory);
        var file = Path.Combine(directory, "captures.db");
        var @lock = new FileStream(Path.Combine(directory, "captures.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            return new CaptureWriter(OpenOrReplace(file), @lock, file, failed);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>Begins the captures of a shadow; returns when that is on the disk.</summary>
    public async Task<long> AddShadowAsync(ShadowSides sides, CaptureTotals totals, DateTimeOffset at)
    {
        var id = 0L;
        await EnqueueAsync(() =>
        {
            id = _database.AddShadow(sides.Model, sides.Primary.Version, sides.Candidate.Version, at);
            totals.Bytes = _database.BytesOf(sides.Model);
        }).ConfigureAwait(false);
        return id;
    }

    /// <summary>Whether a further record would be taken now.</summary>
    public bool HasRoom => _isOn && Volatile.Read(ref _waitingBytes) < MaxWaitingBytes;

    /// <param name="totals">Of the model.</param>
    /// <param name="maxBytes">That the captures of the model may take.</param>
    public bool TryWrite(long shadow, CaptureTotals totals, long maxBytes, CaptureRecord record)
    {
        if (!_isOn) return false;
        Interlocked.Add(ref _waitingBytes, record.Bytes);
        if (_work.Writer.TryWrite(new Work(() => Store(shadow, totals, maxBytes, record), record.Bytes, null))) return true;
        Interlocked.Add(ref _waitingBytes, -record.Bytes);
        return false;
    }

    /// <summary>Brings the counts of a shadow up to date; returns when they, and all written before, are on the disk.</summary>
    public Task CountAsync(long shadow, CaptureCounts counts) => EnqueueAsync(() => _database.Count(shadow, counts));

    /// <summary>Returns when everything written before is on the disk, or the store has failed.</summary>
    public Task FlushAsync() => EnqueueAsync(static () => { });

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _ended.ConfigureAwait(false);
        _database.Dispose();
        await _lock.DisposeAsync().ConfigureAwait(false);
    }

    private static CaptureDatabase OpenOrReplace(string file)
    {
        const int NotADatabase = 26, Corrupt = 11;
        try
        {
            return CaptureDatabase.Open(file);
        }
        catch (SqliteException damaged) when (damaged.SqliteErrorCode is NotADatabase or Corrupt)
        {
            foreach (var suffix in new[] { "", "-wal", "-shm" })
                if (System.IO.File.Exists(file + suffix)) System.IO.File.Move(file + suffix, $"{file}.damaged{suffix}", overwrite: true);
            return CaptureDatabase.Open(file);
        }
    }

    private async Task EnqueueAsync(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_work.Writer.TryWrite(new Work(action, 0, done))) await done.Task.ConfigureAwait(false);
    }

    private async Task Run()
    {
        var batch = new List<Work>();
        while (await _work.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MaxRecordsPerTransaction && _work.Reader.TryRead(out var work)) batch.Add(work);
            if (_isOn) WriteOrFail(batch);
            foreach (var work in batch)
            {
                Interlocked.Add(ref _waitingBytes, -work.Bytes);
                work.Done?.SetResult();
            }
            batch.Clear();
        }
    }

    private void WriteOrFail(List<Work> batch)
    {
        try
        {
            _database.InTransaction(() =>
            {
                foreach (var work in batch) work.Action();
            });
            // Counted once it is on the disk.
            foreach (var counts in _written) counts();
        }
        catch (Exception failure) when (failure is SqliteException or IOException)
        {
            _isOn = false;
            _failed(failure);
        }
        _written.Clear();
    }

    private void Store(long shadow, CaptureTotals totals, long maxBytes, CaptureRecord record)
    {
        var model = totals.Model;
        var evictions = 0L;
        if (!_bytesByModel.TryGetValue(model, out var bytes)) bytes = _database.BytesOf(model);
        var replaced = 0L;
        if (record.Replaces != 0 && _database.Remove(record.Replaces) is >= 0 and var freed) (replaced, bytes) = (1, bytes - freed);
        _database.Add(shadow, model, record);
        bytes += record.Bytes;
        _database.Count(shadow, new CaptureCounts(record.Offered, record.PassedOver, record.Dropped, Stored: 1, replaced, Evicted: 0));
        while (bytes > maxBytes)
        {
            var (owner, evicted) = _database.EvictOne(model);
            if (owner == 0) break;
            _database.Count(owner, new CaptureCounts(0, 0, 0, 0, 0, Evicted: 1));
            bytes -= evicted;
            evictions++;
        }
        _bytesByModel[model] = bytes;
        _written.Add(() =>
        {
            totals.Add(1, replaced, evictions);
            totals.Bytes = bytes;
        });
    }

    /// <param name="Done">Set once the action is on the disk or the store is off.</param>
    private readonly record struct Work(Action Action, long Bytes, TaskCompletionSource? Done);
}
