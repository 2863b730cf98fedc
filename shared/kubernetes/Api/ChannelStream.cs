using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace Ambient.Kubernetes.Api;

/// <summary>
/// Bytes of one forwarded port: messages of a WebSocket whose first byte is the channel, 0 for data, 1 for errors; the first message of each
/// channel only says the port. For one reader and one writer at a time.
/// </summary>
internal sealed class ChannelStream(WebSocket socket) : Stream
{
    private const byte Data = 0;
    private const byte Error = 1;
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly bool[] _isOpen = new bool[2];
    private int _from;
    private int _to;
    private byte _channel;
    private bool _isInMessage;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_from == _to)
        {
            if (!await ReceiveAsync(cancellationToken))
            {
                return 0;
            }
        }

        int count = Math.Min(buffer.Length, _to - _from);
        _buffer.AsSpan(_from, count).CopyTo(buffer.Span);
        _from += count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        byte[] message = ArrayPool<byte>.Shared.Rent(buffer.Length + 1);
        try
        {
            message[0] = Data;
            buffer.Span.CopyTo(message.AsSpan(1));
            await socket.SendAsync(message.AsMemory(0, buffer.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException broken)
        {
            throw new IOException("the forwarded connection broke: " + broken.Message, broken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("only asynchronous");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("only asynchronous");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Takes one piece of a message; false at the end.</summary>
    private async Task<bool> ReceiveAsync(CancellationToken cancellation)
    {
        ValueWebSocketReceiveResult piece;
        try
        {
            piece = await socket.ReceiveAsync(_buffer.AsMemory(), cancellation);
        }
        catch (WebSocketException broken)
        {
            throw new IOException("the forwarded connection broke: " + broken.Message, broken);
        }

        if (piece.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }

        (_from, _to) = (0, piece.Count);
        if (!_isInMessage && piece.Count > 0)
        {
            _channel = _buffer[0];
            _from = 1;
            if (_channel <= Error && !_isOpen[_channel])
            {
                _isOpen[_channel] = true;
                _from = _to;
            }
        }

        _isInMessage = !piece.EndOfMessage;
        if (_channel == Error && _from < _to)
        {
            throw new IOException("the kubelet says: " + Encoding.UTF8.GetString(_buffer, _from, _to - _from));
        }

        if (_channel != Data)
        {
            _from = _to;
        }

        return true;
    }
}
