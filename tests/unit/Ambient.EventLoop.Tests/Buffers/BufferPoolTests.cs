namespace Ambient.EventLoop.Tests.Buffers;

public sealed unsafe class BufferPoolTests
{
    [Theory]
    [InlineData(1, 16 * 1024)]
    [InlineData(16 * 1024, 16 * 1024)]
    [InlineData((16 * 1024) + 1, 256 * 1024)]
    [InlineData(256 * 1024, 256 * 1024)]
    [InlineData(300_000, 300_000)]
    public void Rent_GivesTheSmallestSizeThatFits_WritableToTheEndOfTheSlack(int size, int expected)
    {
        using var pool = new BufferPool(new BufferPoolOptions());
        byte* buffer = pool.Rent(size, out int capacity);
        Assert.Equal(expected, capacity);
        new Span<byte>(buffer, capacity + BufferPool.Slack).Fill(7);
        Assert.Equal(1, pool.RentedCount);
        pool.Return(buffer, capacity);
        Assert.Equal(0, pool.RentedCount);
        Assert.Equal(0, pool.RentedBytes);
    }

    [Fact]
    public void Cache_IsBounded_AndReused()
    {
        using var pool = new BufferPool(new BufferPoolOptions { BigKept = 2, SmallKept = 3 });
        var rented = new List<nint>();
        for (int i = 0; i < 10; i++)
        {
            rented.Add((nint)pool.Rent(100, out _));
        }

        Assert.Equal(10, rented.Distinct().Count());
        rented.ForEach(p => pool.Return((byte*)p, pool.SmallSize));
        Assert.Equal(3 * (pool.SmallSize + BufferPool.Slack), pool.CachedBytes);
        byte* again = pool.Rent(100, out int capacity);
        Assert.Contains((nint)again, rented);
        pool.Return(again, capacity);
        pool.Trim();
        Assert.Equal(0, pool.CachedBytes);
    }

    [Fact]
    public void TrimUnused_GivesBackOnlyWhatNobodyNeeded()
    {
        using var pool = new BufferPool(new BufferPoolOptions());
        byte*[] burst = [pool.Rent(100_000, out int capacity), pool.Rent(100_000, out _), pool.Rent(100_000, out _)];
        foreach (byte* buffer in burst)
        {
            pool.Return(buffer, capacity);
        }

        pool.TrimUnused();
        Assert.Equal(3 * (pool.BigSize + BufferPool.Slack), pool.CachedBytes);
        pool.Return(pool.Rent(100_000, out _), capacity);
        pool.TrimUnused();
        Assert.Equal(pool.BigSize + BufferPool.Slack, pool.CachedBytes);
        pool.TrimUnused();
        Assert.Equal(0, pool.CachedBytes);
    }

    [Fact]
    public void Loop_TrimsAfterABurst()
    {
        var clock = new ManualClock();
        using var loop = new EventLoop("trim", new EventLoopOptions { TimeProvider = clock });
        loop.Buffers.Borrow(100_000).Dispose();
        loop.RunOnce(0);
        for (int i = 0; i < 3; i++)
        {
            clock.Advance(10_010);
            loop.RunOnce(0);
        }

        Assert.Equal(0, loop.Buffers.CachedBytes);
        Assert.Null(loop.Timers.NextDueMilliseconds);
    }

#if DEBUG
    [Fact]
    public void Leaks_NameWhoRented()
    {
        using var pool = new BufferPool(new BufferPoolOptions());
        byte* buffer = pool.Rent(100, out int capacity);
        Assert.Contains(nameof(Leaks_NameWhoRented), Assert.Single(pool.Leaks()), StringComparison.Ordinal);
        pool.Return(buffer, capacity);
        Assert.Empty(pool.Leaks());
    }
#endif
}
