using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Polling;

/// <summary>An eventfd: wakes whoever waits for its descriptor. Thread-safe.</summary>
public sealed unsafe class Waker : IDisposable
{
    private readonly FileDescriptor _descriptor;

    /// <summary>Throws <see cref="LinuxException"/> when descriptors have run out.</summary>
    public Waker() =>
        _descriptor = new FileDescriptor((int)SysResult.From(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK)).OrThrow("eventfd", "0"));

    /// <summary>Readable after <see cref="Signal"/> until <see cref="Reset"/>.</summary>
    public int Descriptor => _descriptor.Number;

    /// <summary>Makes the descriptor readable; one system call. Does nothing after Dispose.</summary>
    public void Signal()
    {
        bool held = false;
        try
        {
            _descriptor.DangerousAddRef(ref held);
            ulong one = 1;
            _ = Libc.write(_descriptor.Number, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
        finally
        {
            if (held)
            {
                _descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>Forgets all signals so far.</summary>
    public void Reset()
    {
        ulong count;
        _ = Libc.read(Descriptor, &count, sizeof(ulong));
    }

    /// <summary>Waits until it is signalled or time is up (-1 = never); whether it is signalled.</summary>
    public bool Wait(int timeoutMilliseconds)
    {
        Libc.pollfd descriptor = new() { fd = Descriptor, events = Libc.POLLIN };
        return Libc.poll(&descriptor, 1, timeoutMilliseconds) > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
