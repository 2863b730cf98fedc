namespace Ambient.EventLoop;

/// <summary>A buffer for the length of a call: safe code's way to the pool. Dispose returns it, exactly once. Loop-affine.</summary>
public readonly unsafe ref struct BufferLease
{
    private readonly BufferPool _pool;
    private readonly byte* _buffer;
    private readonly int _capacity;

    internal BufferLease(BufferPool pool, int size)
    {
        _pool = pool;
        _buffer = pool.Rent(size, out _capacity);
    }

    /// <summary>The usable bytes; not to be used after Dispose.</summary>
    public Span<byte> Span => new(_buffer, _capacity);

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _pool.Return(_buffer, _capacity);
}
