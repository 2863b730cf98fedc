using System.Net.Sockets;
using System.Security.Authentication;

namespace Ambient.Grpc.Client;

/// <summary>Where a channel leads and how it is kept up (ztunnel reference section 4.1). Immutable.</summary>
public sealed record GrpcChannelOptions
{
    /// <summary>The server; https only.</summary>
    public required Uri Address { get; init; }

    /// <summary>What its certificate is verified against; read when the channel is made.</summary>
    public required ServerRoots Roots { get; init; }

    /// <summary>A name that the certificate may have instead of the address' own.</summary>
    public string? AlternativeName { get; init; }

    /// <summary>Headers of each call, asked for at its start; they hold secrets and are never logged.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<KeyValuePair<string, string>>>>? Headers { get; init; }

    /// <summary>Called with each socket before it connects; a <see cref="SocketException"/> of it is the connection's failure.</summary>
    public Action<Socket>? PrepareSocket { get; init; }

    /// <summary>How long the set-up of a connection may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection is quiet before it is probed with a PING.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the answer to a PING may take.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest message that is accepted.</summary>
    public int MaxMessageBytes { get; init; } = 200 * 1024 * 1024;

    /// <summary>The protocol versions that are offered.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls13;
}
