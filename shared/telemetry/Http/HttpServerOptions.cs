using System.Net;

namespace Ambient.Telemetry.Http;

/// <summary>How an operators' port is served. Immutable.</summary>
/// <param name="Name">Name for log lines, such as <c>admin</c>.</param>
/// <param name="Addresses">Addresses to listen on; every one of them must succeed.</param>
public sealed record HttpServerOptions(string Name, IReadOnlyList<IPEndPoint> Addresses)
{
    /// <summary>How long a client may take for a request's head, also between two requests of one connection.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an idle kept connection waits for its next request.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Largest head of a request in bytes.</summary>
    public int HeadLimit { get; init; } = 8 * 1024;

    /// <summary>Connections served at once; more wait in the kernel's queue.</summary>
    public int ConnectionLimit { get; init; } = 256;
}
