using System.Buffers;
using System.Security.Cryptography;
using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Dns.Messages;

namespace Ambient.Dns.Upstreams;

/// <summary>
/// One forwarded query: over UDP to one server after the other, over TCP when the answer is cut and the asker can take more.
/// Loop-affine.
/// </summary>
/// <remarks>
/// Asking (UDP) → Connecting (TCP) → Exchanging (TCP) → Done; each failure goes to the next server, the end of servers or of
/// time to Done. Each attempt has a socket of its own (random port) and an id of its own, so that nobody can answer who has
/// not seen the question. The query's bytes stay as they came but for the id.
/// </remarks>
public sealed class UpstreamQuery : PollHandler
{
    private readonly IUpstreamOwner _owner;
    private readonly ResolverConfiguration _servers;
    private readonly SocketFactory _sockets;
    private readonly Ambient.EventLoop.EventLoop _loop;
    private readonly Limit _attempt;
    private readonly int _firstServer;
    private readonly byte[] _query;
    private readonly int _queryLength;
    private byte[]? _response;
    private int _received;
    private int _sent;
    private int _tries;
    private long _deadline;
    private ushort _id;
    private Phase _phase;

    /// <param name="loop">The loop.</param>
    /// <param name="owner">Hears of the end.</param>
    /// <param name="sockets">Where questions come from.</param>
    /// <param name="servers">Who is asked.</param>
    /// <param name="firstServer">Which of them first.</param>
    /// <param name="query">The question.</param>
    /// <param name="read">What was understood of it.</param>
    public UpstreamQuery(Ambient.EventLoop.EventLoop loop, IUpstreamOwner owner, SocketFactory sockets, ResolverConfiguration servers, int firstServer, ReadOnlySpan<byte> query, in DnsQuery read)
    {
        (_loop, _owner, _sockets, _servers, _firstServer, Read) = (loop, owner, sockets, servers, firstServer, read);
        _attempt = new Limit(this);

        // Two bytes in front for the length that TCP wants.
        _query = ArrayPool<byte>.Shared.Rent(query.Length + 2);
        _queryLength = query.Length;
        query.CopyTo(_query.AsSpan(2));
    }

    private enum Phase
    {
        Asking,
        Connecting,
        Exchanging,
        Done,
    }

    /// <summary>What was understood of the query.</summary>
    public DnsQuery Read { get; }

    /// <summary>The query's bytes; only the id is not the asker's.</summary>
    public ReadOnlySpan<byte> Query => _query.AsSpan(2, _queryLength);

    /// <summary>Which server answered.</summary>
    public int Server => (_firstServer + Math.Max(0, _tries - 1)) % _servers.Servers.Count;

    /// <summary>Loop time of the beginning.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Begins; the owner hears of the end, possibly before this returns.</summary>
    public void Start()
    {
        StartedAt = _loop.NowMilliseconds;
        _deadline = StartedAt + (long)_servers.TotalLimit.TotalMilliseconds;
        AskNext();
    }

    /// <summary>Ends without an answer and without telling the owner.</summary>
    public void Abandon()
    {
        if (_phase == Phase.Done)
        {
            return;
        }

        _phase = Phase.Done;
        _loop.Timers.Cancel(_attempt);
        CloseDescriptor(reset: false);
        ArrayPool<byte>.Shared.Return(_query);
        if (_response is not null)
        {
            ArrayPool<byte>.Shared.Return(_response);
            _response = null;
        }
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception) => Fail("internal error");

    /// <inheritdoc/>
    protected override void OnEvents(PollEvents events)
    {
        switch (_phase)
        {
            case Phase.Asking:
                ReadDatagram();
                break;
            case Phase.Connecting:
                SysResult connected = SocketIo.PendingError(Descriptor);
                if (connected.IsError)
                {
                    AskNext();
                    break;
                }

                if ((events & PollEvents.Out) != PollEvents.None)
                {
                    _phase = Phase.Exchanging;
                    Exchange();
                }

                break;
            case Phase.Exchanging:
                Exchange();
                break;
            default:
                break;
        }
    }

    /// <summary>The next server over UDP, or the end.</summary>
    private void AskNext()
    {
        while (true)
        {
            CloseDescriptor(reset: false);
            if (_tries >= _servers.Attempts * _servers.Servers.Count || _loop.NowMilliseconds >= _deadline)
            {
                Fail("no nameserver answered");
                return;
            }

            _tries++;
            _phase = Phase.Asking;
            NewId();
            SocketAddress server = _servers.Servers[Server];
            SysResult opened = _sockets.OpenDatagram(server.IsIPv4);
            if (opened.IsError)
            {
                Fail(opened.ToString());
                return;
            }

            Descriptor = (int)opened.Value;
            SysResult connected = SocketIo.Connect(Descriptor, server);
            if (!connected.IsError && TryWatch(PollEvents.In) && !SocketIo.Write(Descriptor, Query).IsError)
            {
                Arm(_servers.AttemptLimit);
                return;
            }
        }
    }

    /// <summary>The same server over TCP, because its answer was cut.</summary>
    private void AskOverTcp()
    {
        CloseDescriptor(reset: false);
        SocketAddress server = _servers.Servers[Server];
        SysResult opened = _sockets.OpenStream(server.IsIPv4, null);
        if (opened.IsError)
        {
            Fail(opened.ToString());
            return;
        }

        Descriptor = (int)opened.Value;
        _phase = Phase.Connecting;
        (_sent, _received) = (0, 0);
        NewId();
        DnsWire.PutU16(_query, 0, _queryLength);
        SysResult connected = SocketIo.Connect(Descriptor, server);
        if ((connected.IsError && !connected.Is(Errno.EINPROGRESS)) || !TryWatch(PollEvents.In | PollEvents.Out | PollEvents.PeerClosed))
        {
            AskNext();
            return;
        }

        Arm(_servers.AttemptLimit);
    }

    private void ReadDatagram()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DnsWire.MaxMessage);
        try
        {
            while (_phase == Phase.Asking)
            {
                SysResult received = SocketIo.Read(Descriptor, buffer);
                if (received.Is(Errno.EAGAIN))
                {
                    return;
                }

                if (received.IsError)
                {
                    // Mostly "connection refused": nobody listens there.
                    AskNext();
                    return;
                }

                // Whatever does not answer our question is somebody's attempt, and no reason to stop listening.
                Take(buffer.AsSpan(0, (int)received.Value));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Exchange()
    {
        while (_sent < _queryLength + 2)
        {
            SysResult written = SocketIo.Write(Descriptor, _query.AsSpan(_sent, _queryLength + 2 - _sent));
            if (written.IsError)
            {
                if (!written.Is(Errno.EAGAIN))
                {
                    AskNext();
                }

                return;
            }

            _sent += (int)written.Value;
        }

        _response ??= ArrayPool<byte>.Shared.Rent(2 + DnsWire.MaxMessage);
        while (_phase == Phase.Exchanging)
        {
            int length = _received < 2 ? int.MaxValue : DnsWire.U16(_response, 0) + 2;
            if (_received >= length)
            {
                if (!Take(_response.AsSpan(2, length - 2)))
                {
                    AskNext();
                }

                return;
            }

            SysResult read = SocketIo.Read(Descriptor, _response.AsSpan(_received, 2 + DnsWire.MaxMessage - _received));
            if (read.Is(Errno.EAGAIN))
            {
                return;
            }

            if (read.IsError || read.Value == 0)
            {
                AskNext();
                return;
            }

            _received += (int)read.Value;
        }
    }

    /// <summary>Whether the bytes were an answer to our question.</summary>
    private bool Take(Span<byte> response)
    {
        if (!DnsResponse.Answers(response, _id, Query, Read))
        {
            return false;
        }

        if (_phase == Phase.Asking && DnsResponse.IsTruncated(response) && _owner.WantsWholeAnswer(this))
        {
            AskOverTcp();
            return true;
        }

        // A server that cannot help is no reason not to ask the next one; the last one's word counts.
        DnsCode code = DnsResponse.Code(response);
        if (code is DnsCode.ServerFailure or DnsCode.Refused or DnsCode.NotImplemented && _tries < _servers.Servers.Count)
        {
            AskNext();
            return true;
        }

        _owner.OnUpstreamAnswer(this, response);
        Abandon();
        return true;
    }

    private void Fail(string reason)
    {
        if (_phase != Phase.Done)
        {
            _owner.OnUpstreamFailure(this, reason);
            Abandon();
        }
    }

    private void NewId()
    {
        Span<byte> id = stackalloc byte[2];
        RandomNumberGenerator.Fill(id);
        _id = DnsWire.U16(id, 0);
        DnsWire.PutU16(_query, 2, _id);
    }

    private bool TryWatch(PollEvents interest)
    {
        try
        {
            _loop.Register(this, Descriptor, interest);
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private void Arm(TimeSpan limit) =>
        _loop.Timers.Schedule(_attempt, Math.Min(_loop.NowMilliseconds + (long)limit.TotalMilliseconds, _deadline));

    private sealed class Limit(UpstreamQuery query) : LoopTimer, ILoopFault
    {
        public void OnFault(Exception exception) => query.OnFault(exception);

        protected override void OnTimer() => query.AskNext();
    }
}
