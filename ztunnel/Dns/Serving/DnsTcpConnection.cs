using System.Buffers;
using Ambient.Dns.Messages;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Linux;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>
/// One TCP connection of an asker: messages with two bytes of length before each (RFC 1035 4.2.2, RFC 7766). Loop-affine.
/// </summary>
/// <remarks>
/// Holds a buffer only while a message is incomplete or an answer could not be written. Not read while too many answers are in
/// flight or unwritten, so both are bounded. Closed after silence, and when the asker has closed and has all its answers.
/// </remarks>
internal sealed class DnsTcpConnection : PollHandler, IReadyItem, IDnsOrigin
{
    private const int FirstBuffer = 512;
    private const int MaxUnwritten = 256 * 1024;

    private readonly DnsServer _server;
    private readonly DnsService _service;
    private readonly DnsSettings _settings;
    private readonly Silence _silence;
    private byte[] _input = [];
    private byte[] _output = [];
    private int _inputLength;
    private int _outputStart;
    private int _outputEnd;
    private int _inFlight;
    private bool _ended;
    private bool _reading;

    public DnsTcpConnection(DnsServer server, DnsService service, DnsSettings settings, int fd)
    {
        (_server, _service, _settings) = (server, service, settings);
        _silence = new Silence(this);
        Descriptor = fd;
    }

    public bool IsQueued { get; set; }

    public bool IsUdp => false;

    private bool CanRead => _inFlight < _settings.MaxInFlight && _outputEnd - _outputStart < MaxUnwritten;

    public void Serve(Ambient.EventLoop.EventLoop loop)
    {
        loop.Register(this, Descriptor, PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);
        Touch();
    }

    /// <summary>No more queries; closes when the answers are out.</summary>
    public void Finish()
    {
        _ended = true;
        CloseIfDone();
    }

    public void Close(bool reset)
    {
        if (Descriptor < 0)
        {
            return;
        }

        Loop.Timers.Cancel(_silence);
        CloseDescriptor(reset);
        Release(ref _input);
        Release(ref _output);
        _server.OnClosed(this);
    }

    public override void OnFault(Exception exception) => Close(reset: true);

    public void OnReady() => Pump();

    public IDnsAsker Defer()
    {
        _inFlight++;
        return new Deferred(this);
    }

    public void Reply(ReadOnlySpan<byte> message)
    {
        if (Descriptor < 0)
        {
            return;
        }

        Span<byte> length = stackalloc byte[2];
        DnsWire.PutU16(length, 0, message.Length);
        Append(length);
        Append(message);
        Touch();
        Write();
    }

    protected override void OnEvents(PollEvents events)
    {
        if ((events & PollEvents.Out) != PollEvents.None)
        {
            Write();
        }

        if (Descriptor >= 0 && (events & ~PollEvents.Out) != PollEvents.None)
        {
            Pump();
        }
    }

    private static void Release(ref byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    /// <summary>Reads and answers what is there, one read per turn.</summary>
    private void Pump()
    {
        if (Descriptor < 0 || _reading)
        {
            return;
        }

        _reading = true;
        try
        {
            using BufferLease lease = Loop.Buffers.Borrow(DnsWire.MaxMessage);
            Span<byte> space = lease.Span[..DnsWire.MaxMessage];
            TakeMessages(space);
            if (Descriptor >= 0 && CanRead && !_ended && TryFill())
            {
                TakeMessages(space);
                Loop.RunLater(this);
            }
        }
        finally
        {
            _reading = false;
        }

        CloseIfDone();
    }

    /// <summary>One read behind what is there already; false when nothing came.</summary>
    private bool TryFill()
    {
        int needed = _inputLength < 2 ? FirstBuffer : Math.Max(FirstBuffer, DnsWire.U16(_input, 0) + 2);
        if (_input.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(needed);
            _input.AsSpan(0, _inputLength).CopyTo(larger);
            Release(ref _input);
            _input = larger;
        }

        SysResult read = SocketIo.Read(Descriptor, _input.AsSpan(_inputLength));
        if (read.Is(Errno.EAGAIN))
        {
            ReleaseIfEmpty();
            return false;
        }

        if (read.IsError)
        {
            Close(reset: false);
            return false;
        }

        if (read.Value == 0)
        {
            _ended = true;
            return false;
        }

        _inputLength += (int)read.Value;
        Touch();
        return true;
    }

    private void TakeMessages(Span<byte> space)
    {
        int start = 0;
        while (Descriptor >= 0 && CanRead && _inputLength - start >= 2)
        {
            int length = DnsWire.U16(_input, start);
            if (_inputLength - start < length + 2)
            {
                break;
            }

            _service.Handle(_input.AsSpan(start + 2, length), this, space);
            start += length + 2;
        }

        if (Descriptor < 0)
        {
            return;
        }

        _input.AsSpan(start, _inputLength - start).CopyTo(_input);
        _inputLength -= start;
        ReleaseIfEmpty();
    }

    private void ReleaseIfEmpty()
    {
        if (_inputLength == 0)
        {
            Release(ref _input);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_output.Length - _outputEnd < bytes.Length)
        {
            int pending = _outputEnd - _outputStart;
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(pending + bytes.Length, FirstBuffer));
            _output.AsSpan(_outputStart, pending).CopyTo(larger);
            Release(ref _output);
            (_output, _outputStart, _outputEnd) = (larger, 0, pending);
        }

        bytes.CopyTo(_output.AsSpan(_outputEnd));
        _outputEnd += bytes.Length;
    }

    private void Write()
    {
        bool wasFull = !CanRead;
        while (Descriptor >= 0 && _outputStart < _outputEnd)
        {
            SysResult written = SocketIo.Write(Descriptor, _output.AsSpan(_outputStart, _outputEnd - _outputStart));
            if (written.Is(Errno.EAGAIN))
            {
                return;
            }

            if (written.IsError)
            {
                Close(reset: false);
                return;
            }

            _outputStart += (int)written.Value;
        }

        if (Descriptor < 0)
        {
            return;
        }

        _outputStart = _outputEnd = 0;
        Release(ref _output);
        if (wasFull && CanRead)
        {
            Loop.RunLater(this);
        }
    }

    private void OnAnswered(ReadOnlySpan<byte> message)
    {
        bool wasFull = !CanRead;
        _inFlight--;
        if (Descriptor < 0)
        {
            return;
        }

        if (!message.IsEmpty)
        {
            Reply(message);
        }

        if (Descriptor >= 0 && wasFull && CanRead)
        {
            Loop.RunLater(this);
        }

        CloseIfDone();
    }

    private void CloseIfDone()
    {
        if (_ended && Descriptor >= 0 && _inFlight == 0 && _outputStart == _outputEnd && !_reading)
        {
            Close(reset: false);
        }
    }

    private void Touch() => Loop.Timers.Schedule(_silence, Loop.NowMilliseconds + (long)_settings.TcpIdle.TotalMilliseconds);

    private sealed class Deferred(DnsTcpConnection connection) : IDnsAsker
    {
        public bool IsUdp => false;

        public void Reply(ReadOnlySpan<byte> message) => connection.OnAnswered(message);
    }

    private sealed class Silence(DnsTcpConnection connection) : LoopTimer
    {
        protected override void OnTimer() => connection.Close(reset: false);
    }
}
