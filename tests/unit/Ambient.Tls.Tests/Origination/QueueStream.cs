using System.Threading.Channels;

namespace Ambient.Tls.Tests.Origination;

/// <summary>A stream whose other side is two queues of bytes.</summary>
internal sealed class QueueStream : Stream
{
    private readonly Channel<byte[]> _toServer = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _toClient = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> _rest;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void ToServer(ReadOnlySpan<byte> bytes) => _toServer.Writer.TryWrite(bytes.ToArray());

    /// <summary>What the server wrote; empty when it has ended.</summary>
    public async Task<byte[]> FromServerAsync() =>
        await _toClient.Reader.WaitToReadAsync() && _toClient.Reader.TryRead(out byte[]? bytes) ? bytes : [];

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty)
        {
            if (!await _toServer.Reader.WaitToReadAsync(cancellationToken) || !_toServer.Reader.TryRead(out byte[]? next))
            {
                return 0;
            }

            _rest = next;
        }

        int count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _toClient.Writer.TryWrite(buffer.ToArray());
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => _toClient.Writer.TryWrite(buffer.AsSpan(offset, count).ToArray());

    protected override void Dispose(bool disposing)
    {
        _toClient.Writer.TryComplete();
        base.Dispose(disposing);
    }
}
