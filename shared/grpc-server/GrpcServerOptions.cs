using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Server;

/// <summary>How a <see cref="GrpcServer"/> works. Immutable.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>Where to listen; port 0 takes any.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>The certificate to show, asked for in every handshake, so that a new one is used without a restart.</summary>
    public required Func<SslStreamCertificateContext> Certificate { get; init; }

    /// <summary>
    /// Judges a client's certificate with the intermediates that came with it; a client without one is let in without identity.
    /// Null: certificates are not asked for.
    /// </summary>
    public Func<X509Certificate2, X509Certificate2Collection, bool>? ClientCertificate { get; init; }

    /// <summary>The largest request message, in bytes.</summary>
    public int MaxReceiveBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The most connections at a time; further ones are closed at once.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>The most calls at a time on one connection.</summary>
    public int MaxStreams { get; init; } = 256;

    /// <summary>After which time a connection is recycled, with up to a tenth more or less; null: never.</summary>
    public TimeSpan? ConnectionAge { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long calls of a recycled or stopped connection have to end by themselves.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may leave a message lying before its call is given up.</summary>
    public TimeSpan SendLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Told of every call's end. Called on any thread; must not throw.</summary>
    public Action<GrpcCallEnd>? CallEnded { get; init; }
}
