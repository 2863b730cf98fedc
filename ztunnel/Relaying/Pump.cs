using System.Buffers;
using Ambient.EventLoop;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Relaying;

/// <summary>
/// Moves bytes from one socket to another until end of stream, reset, or back-pressure. Loop-affine.
/// </summary>
/// <remarks>Holds a buffer only while the sink is full, so an idle relay owns none. Not reading is the only back-pressure.</remarks>
internal sealed class Pump(EventLoop.EventLoop loop, PlainRelay relay, AppSocket source, AppSocket sink) : IReadyItem
{
    private const int SmallBuffer = 16 * 1024;
    private const int BigBuffer = 256 * 1024;
    private const int RoundsPerTurn = 2;

    private byte[]? _pending;
    private int _offset;
    private int _length;
    private bool _bulk;

    /// <summary>The source ended and everything was written.</summary>
    public bool IsEnded { get; private set; }

    /// <inheritdoc/>
    bool IReadyItem.IsQueued { get; set; }

    /// <inheritdoc/>
    void IReadyItem.OnReady() => Run();

    /// <summary>Moves what can be moved now, at most a quantum.</summary>
    public void Run()
    {
        for (int round = 0; round < RoundsPerTurn; round++)
        {
            if (IsEnded || relay.IsEnded || !Flush() || !source.IsReadable || !Fill())
            {
                return;
            }
        }

        loop.RunLater(this);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Free()
    {
        if (_pending is { } buffer)
        {
            _pending = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _length = 0;
    }

    /// <summary>Writes what waits; whether nothing waits any more.</summary>
    private bool Flush()
    {
        while (_length > 0)
        {
            SysResult written = SocketIo.Write(sink.Descriptor, _pending.AsSpan(_offset, _length));
            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    relay.OnPumpFailed(this, reading: false, written);
                }

                return false;
            }

            _offset += (int)written.Value;
            _length -= (int)written.Value;
            relay.OnMoved(this, written.Value);
        }

        Free();
        return true;
    }

    /// <summary>Reads once and writes what the sink takes; whether to go on.</summary>
    private bool Fill()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(_bulk ? BigBuffer : SmallBuffer);
        SysResult read = SocketIo.Read(source.Descriptor, buffer);
        if (read.IsError || read.Value == 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return NothingRead(read);
        }

        (_pending, _offset, _length) = (buffer, 0, (int)read.Value);
        bool full = read.Value == buffer.Length;
        _bulk = full || (_bulk && read.Value > SmallBuffer);
        if (!full && !source.IsEnding)
        {
            source.IsReadable = false;
        }

        return Flush();
    }

    private bool NothingRead(SysResult read)
    {
        if (read.Is(Errno.EAGAIN))
        {
            source.IsReadable = false;
        }
        else if (read.IsError)
        {
            relay.OnPumpFailed(this, reading: true, read);
        }
        else
        {
            IsEnded = true;
            SocketIo.ShutdownWrite(sink.Descriptor);
            relay.OnPumpEnded();
        }

        return false;
    }
}
