using Ambient.Dns.Upstreams;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Settings of the DNS proxy of one pod (ztunnel.md 7.1). Immutable.</summary>
public sealed record DnsSettings
{
    /// <summary>Usual port.</summary>
    public const ushort DefaultPort = 15053;

    /// <summary>Where it listens, on UDP and TCP each. An IPv6 loopback is left out where the pod has none.</summary>
    public IReadOnlyList<SocketAddress> Addresses { get; init; } =
        [SocketAddress.LoopbackIPv4.WithPort(DefaultPort), SocketAddress.LoopbackIPv6.WithPort(DefaultPort)];

    /// <summary>Whom to ask for names that are not the mesh's.</summary>
    public required ResolverConfiguration Resolver { get; init; }

    /// <summary>Forwarded queries without answer, per pod; more get SERVFAIL at once.</summary>
    public int MaxOutstanding { get; init; } = 256;

    /// <summary>TCP connections per pod; more are refused.</summary>
    public int MaxConnections { get; init; } = 128;

    /// <summary>Answers in flight per TCP connection; then it is not read any more.</summary>
    public int MaxInFlight { get; init; } = 32;

    /// <summary>Silence after which a TCP connection is closed.</summary>
    public TimeSpan TcpIdle { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a query waits for the model to know the pod.</summary>
    public TimeSpan UnknownClientLimit { get; init; } = TimeSpan.FromSeconds(5);
}
