using Ambient.Dns.Messages;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>A query that nobody sent: asked of the service by a part of the proxy itself. Belongs to the DNS server's loop.</summary>
internal sealed class NameResolution(DnsService service, string name, ushort type, Ambient.EventLoop.EventLoop caller, Action<object?, SocketAddress?> callback, object? state) : IDnsOrigin
{
    private SocketAddress? _address;
    private bool _answered;
    private bool _deferred;

    /// <summary>No limit on the answer's size.</summary>
    public bool IsUdp => false;

    public void Start()
    {
        byte[] space = new byte[DnsWire.MaxMessage];
        byte[] query = new byte[DnsWire.MaxPlainUdp];
        int length = DnsQuestion.Write(query, name, type);
        if (length > 0)
        {
            service.Handle(query.AsSpan(0, length), this, space);
        }

        if (!_deferred && !_answered)
        {
            Reply([]);
        }
    }

    public IDnsAsker Defer()
    {
        _deferred = true;
        return this;
    }

    public void Reply(ReadOnlySpan<byte> message)
    {
        _answered = true;
        _address = DnsResponse.TryFirstAddress(message, type, out SocketAddress address) ? address : null;
        caller.Post(static resolution => ((NameResolution)resolution!).Tell(), this);
    }

    private void Tell() => callback(state, _address);
}
