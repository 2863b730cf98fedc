using Ambient.Mesh.Services;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>One destination of a route. Immutable.</summary>
public sealed class Target
{
    private static readonly NamespacedHostname Nowhere = new("", "");

    internal Target(WeightedTarget source)
    {
        if (source.Destination is { } destination && source.FailStatus == 0)
        {
            Service = new NamespacedHostname(destination.Namespace, destination.Hostname);
            Port = (ushort)destination.Port;
            Subset = destination.Subset;
            IsHttp2 = destination.Http2;
            IsClientProtocol = destination.ClientProtocol;
            IsOriginal = destination.Original;
        }
        else
        {
            Service = Nowhere;
            FailStatus = source.FailStatus == 0 ? 500 : (int)source.FailStatus;
        }

        Request = HeaderEditor.CompileOrEmpty(source.Request);
        Response = HeaderEditor.CompileOrEmpty(source.Response);
    }

    /// <summary>The service; meaningless when the share fails.</summary>
    public NamespacedHostname Service { get; }

    /// <summary>The service's port.</summary>
    public ushort Port { get; }

    /// <summary>The subset; empty for all endpoints.</summary>
    public string Subset { get; } = "";

    /// <summary>Whether the endpoints are spoken to in HTTP/2 because their port says so.</summary>
    public bool IsHttp2 { get; }

    /// <summary>Whether nobody said what the endpoints speak.</summary>
    public bool IsClientProtocol { get; }

    /// <summary>Whether it is where the client wanted to go, whatever that is; there is no service then.</summary>
    public bool IsOriginal { get; }

    /// <summary>The status that requests of this share get at once; 0 when they are forwarded.</summary>
    public int FailStatus { get; }

    /// <summary>Edits of requests that go here.</summary>
    public HeaderEditor Request { get; }

    /// <summary>Edits of responses that come from here.</summary>
    public HeaderEditor Response { get; }

    /// <summary>
    /// Whether a request is sent in HTTP/2: by the port, by the destination's policy, or, where that is <paramref name="isFollowed"/>, as the client speaks (waypoint
    /// reference 2.3).
    /// </summary>
    public bool SpeaksHttp2(ConnectionPool? pool, bool isClientHttp2, bool isFollowed) =>
        pool is { ClientProtocol: true } ? isClientHttp2 : IsHttp2 || pool is { UpgradeToHttp2: true } || (IsClientProtocol && isFollowed && isClientHttp2);
}
