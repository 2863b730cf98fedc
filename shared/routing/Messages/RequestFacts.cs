using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Routing.Tokens;

namespace Ambient.Routing.Messages;

/// <summary>Everything that routes and policies may look at. One per connection for TCP, one per request for HTTP. Not thread-safe.</summary>
public sealed class RequestFacts
{
    /// <summary>The request; null on a TCP chain.</summary>
    public RequestHead? Head { get; set; }

    /// <summary>Who calls, as proved by mutual TLS; null when nothing was proved.</summary>
    public SpiffeId? Client { get; set; }

    /// <summary>The direct peer: the client pod's address; at a gateway that of whoever has connected, also when that is a proxy which says who its client is.</summary>
    public IpAddress SourceAddress { get; set; }

    /// <summary>The client's address as trusted hops say it (PROXY protocol, x-forwarded-for); at a waypoint the direct peer's.</summary>
    public IpAddress RemoteAddress { get; set; }

    /// <summary>The address that was dialled.</summary>
    public IpAddress DestinationAddress { get; set; }

    /// <summary>The port that was dialled.</summary>
    public ushort DestinationPort { get; set; }

    /// <summary>The server name of a TLS hello; empty without one.</summary>
    public string ServerName { get; set; } = "";

    /// <summary>The verified token's claims; null without one.</summary>
    public TokenClaims? Claims { get; set; }
}
