using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// A connection that the ztunnel of our own pod hands on: it has ended the caller's tunnel, and says first who calls whom. Only on loopback, so that nobody outside of
/// the pod can say so. Loop-affine.
/// </summary>
internal sealed class CapturedArrival : LoopTimer, IPipeOwner, ILoopFault
{
    private readonly WaypointLoop _loop;
    private readonly SocketPipe _socket;
    private bool _isWaiting;
    private EarlyCaller? _early;

    private CapturedArrival(WaypointLoop loop)
    {
        _loop = loop;
        _socket = new SocketPipe { Owner = this, Loop = loop.Loop };
    }

    /// <summary>Takes an accepted socket.</summary>
    public static void Begin(WaypointLoop loop, int fd, SocketAddress peer)
    {
        if (loop.IsDraining)
        {
            SocketIo.CloseWithReset(fd);
            return;
        }

        CapturedArrival arrival = new(loop);

        // The caller has its tunnel already: whoever drains waits for what it asks.
        loop.Handed.Add(arrival);
        loop.Loop.Timers.Schedule(arrival, loop.Loop.NowMilliseconds + WaitingTimes.ClientArrival);
        arrival._socket.Adopt(fd);
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        switch (CallerHeader.Read(bytes, out CallerHeader? header))
        {
            case HelloStatus.Incomplete:
                _socket.WaitForMore();
                return 0;
            case HelloStatus.Found when _isWaiting || _loop.Callers.IsAwaited(header!.Source.Address):
                Wait(header!);
                return 0;
            case HelloStatus.Found:
                return Serve(header!, bytes.Length);
            default:
                Refuse(CallerHeader.IsWithoutAddresses(bytes)
                    ? "the PROXY header has no addresses: its ztunnel does not say an IPv4 and an IPv6 address in one, so a service must be called by an address of the family that the waypoint's pod is reached by"
                    : "no PROXY header that says who calls whom");
                return bytes.Length;
        }
    }

    /// <inheritdoc/>
    public void OnOpened()
    {
    }

    /// <inheritdoc/>
    public void OnInputEnded() => _socket.Abort("ended before it began");

    /// <inheritdoc/>
    public void OnOutputDrained()
    {
    }

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        End();
        _early?.Leave();
        _loop.OnConnectionGone();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => _socket.Abort(exception.Message);

    /// <inheritdoc/>
    protected override void OnTimer() => Refuse("no PROXY header in time");

    // Nothing more is read until it is known who calls.
    private void Wait(CallerHeader header)
    {
        if (!_isWaiting)
        {
            _isWaiting = true;
            _loop.Callers.Await(header.Source.Address, () =>
            {
                _isWaiting = false;
                if (!_socket.IsClosed)
                {
                    _socket.ResumeInput();
                }
            });
        }
    }

    // How many bytes are taken. What is behind the header is offered again, to whoever is the owner then.
    private int Serve(CallerHeader header, int length)
    {
        string authority = header.Target.ToString();
        if (TunnelTarget.TryFind(authority, _loop.Options.Network, header.Client?.Namespace, _loop.Configuration, _loop.View, out TunnelTarget? target))
        {
            End();
            _early?.Leave();
            new InboundTunnel(_loop, _loop.Plain, target.Served, header.Source, target.Address, authority, header.Client, _socket) { Dialled = target.Dialled }.Begin();
            return header.Length;
        }

        if (_early is null && TunnelTarget.MayCome(authority, _loop.Options.Network, _loop.Configuration, _loop.View))
        {
            _early = _loop.Early.Add(LookAgain, () => Unserved(header, authority));
            if (_early is not null)
            {
                _loop.AccessLog.Early(header.Source, authority, header.Client);
            }
        }

        if (_early is not null)
        {
            // The header was said in time. It stays where it is, and is read again with each change.
            _loop.Loop.Timers.Cancel(this);
            return 0;
        }

        Unserved(header, authority);
        return length;
    }

    // Who is served leaves by itself.
    private bool LookAgain()
    {
        _socket.ResumeInput();
        return false;
    }

    private void Unserved(CallerHeader header, string authority)
    {
        _loop.AccessLog.Unserved(header.Source, authority, header.Client);
        _socket.Abort("an address that is not served here");
    }

    private void End()
    {
        _loop.Loop.Timers.Cancel(this);
        _loop.Handed.Remove(this);
    }

    private void Refuse(string why)
    {
        _loop.AccessLog.NotCaptured(why);
        _socket.Abort(why);
    }
}
