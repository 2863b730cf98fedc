using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Polling;

/// <summary>
/// An epoll instance with its event buffer, edge-triggered. The 64-bit data is the owner's (slot and generation), never a
/// descriptor number. <see cref="Wait"/> and the readers of events belong to one thread; the rest is thread-safe.
/// </summary>
public sealed unsafe class EpollSet : IDisposable
{
    /// <summary>struct epoll_event is packed on x86-64 only; the data then sits at 4 and not at 8.</summary>
    internal static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>Bytes from one event to the next.</summary>
    internal static readonly int Stride = DataOffset + sizeof(ulong);

    private readonly FileDescriptor _descriptor;
    private readonly int _capacity;
    private byte* _events;

    /// <summary>Makes room for that many events per wait. Throws <see cref="LinuxException"/>.</summary>
    public EpollSet(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _descriptor = new FileDescriptor((int)SysResult.From(Libc.epoll_create1(Libc.EPOLL_CLOEXEC)).OrThrow("epoll_create1", "EPOLL_CLOEXEC"));
        _capacity = capacity;
        _events = (byte*)NativeMemory.AllocZeroed((nuint)(capacity * Stride));
    }

    /// <summary>EPOLL_CTL_ADD; EPOLLET is added to the interest.</summary>
    public SysResult Add(int fd, uint interest, ulong data) => Control(Libc.EPOLL_CTL_ADD, fd, interest, data);

    /// <summary>EPOLL_CTL_MOD; reports the present readiness again.</summary>
    public SysResult Modify(int fd, uint interest, ulong data) => Control(Libc.EPOLL_CTL_MOD, fd, interest, data);

    /// <summary>EPOLL_CTL_DEL.</summary>
    public SysResult Remove(int fd) => Control(Libc.EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Waits for events (-1 = for ever, 0 = not at all); the number of events, 0 also when interrupted.</summary>
    public SysResult Wait(int timeoutMilliseconds)
    {
        SysResult result = SysResult.From(Libc.epoll_wait(_descriptor.Number, _events, _capacity, timeoutMilliseconds));
        return result.Is(Errno.EINTR) ? default : result;
    }

    /// <summary>The event bits of one event of the last wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint EventsAt(int index) => *(uint*)(_events + (index * Stride));

    /// <summary>The data of one event of the last wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong DataAt(int index) => Unsafe.ReadUnaligned<ulong>(_events + (index * Stride) + DataOffset);

    /// <inheritdoc/>
    public void Dispose()
    {
        _descriptor.Dispose();
        NativeMemory.Free(_events);
        _events = null;
    }

    private SysResult Control(int operation, int fd, uint interest, ulong data)
    {
        byte* native = stackalloc byte[16];
        *(uint*)native = interest | Libc.EPOLLET;
        Unsafe.WriteUnaligned(native + DataOffset, data);
        return SysResult.From(Libc.epoll_ctl(_descriptor.Number, operation, fd, native));
    }
}
