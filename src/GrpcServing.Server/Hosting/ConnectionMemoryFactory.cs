using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace GrpcServing.Hosting;

/// <summary>Makes Kestrel's pools, and has each give back what it does not need. Any thread.</summary>
internal sealed class ConnectionMemoryFactory : IMemoryPoolFactory<byte>, IDisposable
{
    /// <summary>Idle, a pool halves in seven of these.</summary>
    public static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _membership = new();
    private readonly List<ConnectionMemory> _pools = [];
    private readonly ITimer _timer;

    public ConnectionMemoryFactory(TimeProvider time) => _timer = time.CreateTimer(static factory => ((ConnectionMemoryFactory)factory!).Trim(), this, TrimInterval, TrimInterval);

    /// <summary>A new pool; the caller's to dispose of.</summary>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
    {
        var pool = new ConnectionMemory();
        lock (_membership) _pools.Add(pool);
        return pool;
    }

    public void Dispose() => _timer.Dispose();

    private void Trim()
    {
        lock (_membership)
        {
            _pools.RemoveAll(static pool => pool.IsDisposed);
            foreach (var pool in _pools) pool.Trim();
        }
    }
}
