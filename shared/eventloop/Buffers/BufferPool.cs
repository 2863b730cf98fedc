using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ambient.EventLoop;

/// <summary>
/// Native memory for the data path, in two sizes, with a bounded cache. A buffer that was rented is owned by the one who
/// rented it, who returns it exactly once. Loop-affine.
/// </summary>
/// <remarks>
/// Behind the usable size each buffer has <see cref="Slack"/> more bytes, for headers and tags of the last record, so that
/// nobody has to count to the byte. The contents are those of the last owner; Debug builds overwrite them on return.
/// </remarks>
public sealed unsafe class BufferPool : IDisposable
{
    /// <summary>Bytes behind the usable size.</summary>
    public const int Slack = 1024;

    private const nuint Alignment = 4096;

    private readonly BufferPoolOptions _options;
    private readonly nint[] _big;
    private readonly nint[] _small;
#if DEBUG
    private readonly Dictionary<nint, (int Size, string Owner)> _rented = [];
#endif
    private int _bigFree;
    private int _smallFree;
    private int _bigUnused;
    private int _smallUnused;

    /// <summary>Makes an empty pool.</summary>
    public BufferPool(BufferPoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _big = new nint[options.BigKept];
        _small = new nint[options.SmallKept];
    }

    /// <summary>Usable bytes of a big buffer.</summary>
    public int BigSize => _options.BigSize;

    /// <summary>Usable bytes of a small buffer.</summary>
    public int SmallSize => _options.SmallSize;

    /// <summary>Bytes that owners have now.</summary>
    public long RentedBytes { get; private set; }

    /// <summary>Buffers that owners have now.</summary>
    public int RentedCount { get; private set; }

    /// <summary>Bytes kept for reuse.</summary>
    public long CachedBytes => ((long)_bigFree * Total(_options.BigSize)) + ((long)_smallFree * Total(_options.SmallSize));

    /// <summary>
    /// A buffer of at least <paramref name="size"/> usable bytes; <paramref name="capacity"/> is what it has, and what
    /// <see cref="Return"/> wants to hear again. Sizes beyond the big one are made to measure and not kept.
    /// </summary>
    public byte* Rent(int size, out int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        capacity = size <= _options.SmallSize ? _options.SmallSize : size <= _options.BigSize ? _options.BigSize : size;
        byte* buffer = capacity == _options.SmallSize && _smallFree > 0 ? (byte*)_small[--_smallFree]
            : capacity == _options.BigSize && _bigFree > 0 ? (byte*)_big[--_bigFree]
            : (byte*)NativeMemory.AlignedAlloc((nuint)Total(capacity), Alignment);
        _bigUnused = Math.Min(_bigUnused, _bigFree);
        _smallUnused = Math.Min(_smallUnused, _smallFree);
        RentedBytes += Total(capacity);
        RentedCount++;
        Track(buffer, capacity);
        return buffer;
    }

    /// <summary>A buffer of at least that many bytes for the length of a call.</summary>
    public BufferLease Borrow(int size) => new(this, size);

    /// <summary>Takes a buffer back, with the capacity that came with it.</summary>
    public void Return(byte* buffer, int capacity)
    {
        Untrack(buffer, capacity);
        RentedBytes -= Total(capacity);
        RentedCount--;
        if (capacity == _options.SmallSize && _smallFree < _small.Length)
        {
            _small[_smallFree++] = (nint)buffer;
        }
        else if (capacity == _options.BigSize && _bigFree < _big.Length)
        {
            _big[_bigFree++] = (nint)buffer;
        }
        else
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    /// <summary>Gives all cached memory back to the system.</summary>
    public void Trim() => Trim(0, 0);

    /// <summary>Gives back what nobody has needed since the last call: a burst does not stay in memory for ever.</summary>
    public void TrimUnused()
    {
        Trim(_bigFree - _bigUnused, _smallFree - _smallUnused);
        (_bigUnused, _smallUnused) = (_bigFree, _smallFree);
    }

    /// <summary>Debug builds: who has not returned what; empty otherwise.</summary>
    public IReadOnlyList<string> Leaks()
    {
#if DEBUG
        return [.. _rented.Values.Select(lease => $"{lease.Size} bytes rented at {lease.Owner}")];
#else
        return [];
#endif
    }

    /// <summary>Frees the cache. Debug builds write leaks to the debugger's trace; a rented buffer stays valid for its owner.</summary>
    public void Dispose()
    {
        Trim();
        foreach (string leak in Leaks())
        {
            Debug.WriteLine("Buffer leak: " + leak);
        }
    }

    private void Trim(int bigKept, int smallKept)
    {
        while (_bigFree > bigKept)
        {
            NativeMemory.AlignedFree((void*)_big[--_bigFree]);
        }

        while (_smallFree > smallKept)
        {
            NativeMemory.AlignedFree((void*)_small[--_smallFree]);
        }

        (_bigUnused, _smallUnused) = (Math.Min(_bigUnused, _bigFree), Math.Min(_smallUnused, _smallFree));
    }

    private static int Total(int capacity) => capacity + Slack;

    [Conditional("DEBUG")]
    private void Track(byte* buffer, int capacity)
    {
#if DEBUG
        _rented.Add((nint)buffer, (capacity, new StackTrace(2, fNeedFileInfo: false).ToString()));
#endif
    }

    [Conditional("DEBUG")]
    private void Untrack(byte* buffer, int capacity)
    {
#if DEBUG
        Debug.Assert(_rented.Remove((nint)buffer, out (int Size, string Owner) lease), "The buffer is not rented, or was returned twice.");
        Debug.Assert(lease.Size == capacity, "The buffer has another capacity.");
        new Span<byte>(buffer, Total(capacity)).Fill(0xdb);
#endif
    }
}
