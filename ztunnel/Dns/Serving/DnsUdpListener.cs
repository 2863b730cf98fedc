using Ambient.Dns.Messages;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Linux;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Queries as datagrams. Loop-affine.</summary>
internal sealed class DnsUdpListener : PollHandler, IReadyItem, IDnsOrigin
{
    /// <summary>Datagrams per turn; then others have theirs.</summary>
    private const int Quantum = 32;

    private readonly DnsService _service;
    private SocketAddress _peer;

    public DnsUdpListener(DnsService service, int fd) => (_service, Descriptor) = (service, fd);

    public bool IsQueued { get; set; }

    public bool IsUdp => true;

    public void Serve(Ambient.EventLoop.EventLoop loop) => loop.Register(this, Descriptor, PollEvents.In);

    public void Close() => CloseDescriptor(reset: false);

    public void OnReady() => Drain();

    public void Reply(ReadOnlySpan<byte> message) => SendTo(message, _peer);

    public IDnsAsker Defer() => new Peer(this, _peer);

    protected override void OnEvents(PollEvents events) => Drain();

    private void Drain()
    {
        if (Descriptor < 0)
        {
            return;
        }

        using BufferLease lease = Loop.Buffers.Borrow(2 * DnsWire.MaxMessage);
        Span<byte> query = lease.Span[..DnsWire.MaxMessage];
        Span<byte> space = lease.Span.Slice(DnsWire.MaxMessage, DnsWire.MaxMessage);
        for (int i = 0; i < Quantum; i++)
        {
            SysResult received = SocketIo.ReceiveFrom(Descriptor, query, out _peer);
            if (received.Is(Errno.EAGAIN))
            {
                return;
            }

            // Any other error belongs to an answer that nobody wanted (ICMP); the socket itself stays good.
            if (!received.IsError)
            {
                _service.Handle(query[..(int)received.Value], this, space);
            }
        }

        Loop.RunLater(this);
    }

    private void SendTo(ReadOnlySpan<byte> message, in SocketAddress peer)
    {
        // A full socket loses the answer, as UDP does; the asker asks again.
        if (Descriptor >= 0 && !message.IsEmpty)
        {
            _ = SocketIo.SendTo(Descriptor, message, peer);
        }
    }

    /// <summary>One asker who waits for an answer.</summary>
    private sealed class Peer(DnsUdpListener listener, SocketAddress address) : IDnsAsker
    {
        public bool IsUdp => true;

        public void Reply(ReadOnlySpan<byte> message) => listener.SendTo(message, address);
    }
}
