using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>
/// A connected AF_UNIX socket of type SOCK_STREAM, for one request and its answer with a deadline, in a program that must start faster than the socket
/// class of the runtime. Non-blocking with waits. For one thread at a time.
/// </summary>
public sealed unsafe class StreamSocket : IDisposable
{
    private const int RetryMilliseconds = 10;
    private readonly FileDescriptor _descriptor;

    private StreamSocket(FileDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>
    /// Connects to a path. While nobody listens there (yet, or again), or the listener's queue is full, it is tried again until the patience is spent.
    /// Throws <see cref="LinuxException"/>.
    /// </summary>
    public static StreamSocket Connect(string path, TimeSpan patience, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        long start = time.GetTimestamp();
        byte* address = stackalloc byte[sizeof(Libc.sockaddr_un)];
        uint length = UnixAddress.Write(path, address);
        while (true)
        {
            var descriptor = new FileDescriptor((int)SysResult.From(Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0)).OrThrow("socket AF_UNIX", path));
            SysResult connected = SysResult.From(Libc.connect(descriptor.Number, address, length));
            if (!connected.IsError)
            {
                return new StreamSocket(descriptor);
            }

            descriptor.Dispose();
            if (connected.Errno is not (Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN or Errno.EINTR) || time.GetElapsedTime(start) >= patience)
            {
                throw new LinuxException("connect", path, connected.Errno);
            }

            _ = Libc.poll(null, 0, RetryMilliseconds);
        }
    }

    /// <summary>Sends what the kernel takes; EAGAIN when the peer does not read.</summary>
    public SysResult TryWrite(ReadOnlySpan<byte> bytes) => SocketIo.Write(_descriptor.Number, bytes);

    /// <summary>Reads what is there; 0 at the end of the stream, EAGAIN when nothing is there yet.</summary>
    public SysResult TryRead(Span<byte> buffer) => SocketIo.Read(_descriptor.Number, buffer);

    /// <summary>Waits until it can be read or time is up.</summary>
    public void WaitReadable(int timeoutMilliseconds) => Wait(Libc.POLLIN, timeoutMilliseconds);

    /// <summary>Waits until it can be written or time is up.</summary>
    public void WaitWritable(int timeoutMilliseconds) => Wait(Libc.POLLOUT, timeoutMilliseconds);

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private void Wait(short events, int timeoutMilliseconds)
    {
        var descriptor = new Libc.pollfd { fd = _descriptor.Number, events = events };

        // An interrupted wait is a short one: the callers ask again anyway.
        _ = Libc.poll(&descriptor, 1, timeoutMilliseconds);
    }
}
