using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Socks;

/// <summary>One SOCKS5 handshake. Loop-affine.</summary>
/// <remarks>
/// Asking → (name) → Resolving → handed over, and from both → closed. The answers are a few bytes into an empty socket, so a
/// partial write does not happen to honest askers and ends the others.
/// </remarks>
internal sealed class SocksConnection : PollHandler
{
    private readonly SocksListener _listener;
    private readonly SocketAddress _client;
    private readonly Limit _limit;
    private readonly byte[] _buffer = new byte[257];
    private SocksConversation _conversation = new();
    private int _have;
    private bool _resolving;

    public SocksConnection(SocksListener listener, int fd, in SocketAddress client)
    {
        (_listener, _client, Descriptor) = (listener, client, fd);
        _limit = new Limit(this);
    }

    public void Serve(Ambient.EventLoop.EventLoop loop)
    {
        loop.Register(this, Descriptor, PollEvents.In | PollEvents.PeerClosed);
        loop.Timers.Schedule(_limit, loop.NowMilliseconds + (long)_listener.Settings.HandshakeLimit.TotalMilliseconds);
    }

    public void Close(bool reset)
    {
        if (Descriptor >= 0)
        {
            Loop.Timers.Cancel(_limit);
            CloseDescriptor(reset);
            _listener.OnClosed(this);
        }
    }

    public override void OnFault(Exception exception)
    {
        if (Descriptor >= 0)
        {
            Refuse(SocksReply.GeneralFailure);
        }
    }

    /// <summary>The name's address, or null when it has none.</summary>
    public void OnResolved(SocketAddress? address)
    {
        if (Descriptor < 0 || !_resolving)
        {
            return;
        }

        if (address is { } found)
        {
            HandOver(found.WithPort(_conversation.Target.Port));
        }
        else
        {
            Refuse(SocksReply.HostUnreachable);
        }
    }

    protected override void OnEvents(PollEvents events)
    {
        while (Descriptor >= 0 && !_resolving)
        {
            SysResult read = SocketIo.Read(Descriptor, _buffer.AsSpan(_have, _conversation.Needed - _have));
            if (read.Is(Errno.EAGAIN))
            {
                return;
            }

            if (read.IsError || read.Value == 0)
            {
                Close(reset: false);
                return;
            }

            _have += (int)read.Value;
            if (_have == _conversation.Needed)
            {
                _have = 0;
                Step();
            }
        }
    }

    private void Step()
    {
        if (!_conversation.TryTake(_buffer.AsSpan(0, _conversation.Needed), out bool selectMethod))
        {
            Refuse(SocksReply.NotSupported);
            return;
        }

        if (selectMethod && SocketIo.Write(Descriptor, SocksConversation.MethodSelected).Value != SocksConversation.MethodSelected.Length)
        {
            Close(reset: true);
            return;
        }

        if (!_conversation.IsComplete)
        {
            return;
        }

        if (_conversation.Name is { } name)
        {
            _resolving = true;
            _listener.Resolve(this, name, ipv6: !_client.IsIPv4);
        }
        else
        {
            HandOver(_conversation.Target);
        }
    }

    /// <summary>Success is said before anything is connected (ztunnel.md 3.13).</summary>
    private void HandOver(SocketAddress target)
    {
        byte[] reply = SocksConversation.Reply(SocksReply.Succeeded);
        if (SocketIo.Write(Descriptor, reply).Value != reply.Length)
        {
            Close(reset: true);
            return;
        }

        int fd = Descriptor;
        Loop.Timers.Cancel(_limit);
        Loop.Unregister(this);
        Descriptor = -1;
        _listener.OnTarget(this, fd, _client, target);
    }

    private void Refuse(SocksReply reply)
    {
        _ = SocketIo.Write(Descriptor, SocksConversation.Reply(reply));

        // Closing with unread bytes would be a RST, which takes the reply with it.
        for (int i = 0; i < 64 && SocketIo.Read(Descriptor, _buffer).Value > 0; i++)
        {
        }

        Close(reset: false);
    }

    private sealed class Limit(SocksConnection connection) : LoopTimer
    {
        protected override void OnTimer() => connection.Close(reset: false);
    }
}
