using Ambient.Linux.Native;

namespace Ambient.Linux.Descriptors;

/// <summary>
/// A descriptor that somebody else owns as a blocking stream without a buffer, such as a standard one, in a program that must start faster than the runtime's
/// console. Where its owner made it non-blocking, the calls wait all the same. Everything throws <see cref="IOException"/>. For one thread at a time.
/// </summary>
public sealed unsafe class DescriptorStream(int number) : Stream
{
    private const int Forever = -1;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                SysResult read = SysResult.From(Libc.read(number, p, (nuint)buffer.Length));
                if (!IsToBeTriedAgain(read, Libc.POLLIN))
                {
                    return (int)Checked(read, "read");
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            for (int done = 0; done < buffer.Length;)
            {
                SysResult written = SysResult.From(Libc.write(number, p + done, (nuint)(buffer.Length - done)));
                done += IsToBeTriedAgain(written, Libc.POLLOUT) ? 0 : (int)Checked(written, "write");
            }
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is kept back.
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Interrupted, or it could not be done at once: then it can now.</summary>
    private bool IsToBeTriedAgain(SysResult result, short events)
    {
        if (result.Is(Errno.EAGAIN))
        {
            // A wait that was interrupted is a short one.
            var descriptor = new Libc.pollfd { fd = number, events = events };
            _ = Libc.poll(&descriptor, 1, Forever);
            return true;
        }

        return result.Is(Errno.EINTR);
    }

    private long Checked(SysResult result, string call) => result.IsError ? throw new IOException($"{call} on descriptor {number}: {result}") : result.Value;
}
