using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>What MeshConfig says where routes and DestinationRules say nothing (waypoint reference 2.9). Immutable.</summary>
public sealed record MeshDefaults
{
    /// <summary>Nothing.</summary>
    public static MeshDefaults None { get; } = new();

    /// <summary>When requests are sent again; null: as usual. Never changed, only copied.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>How long connecting may take, milliseconds; 0: as usual.</summary>
    public ulong ConnectTimeoutMs { get; init; }

    /// <summary>Whether endpoints are spoken to in HTTP/2.</summary>
    public bool UpgradesToHttp2 { get; init; }

    /// <summary>Whether anything is said about connections.</summary>
    public bool SayConnections => ConnectTimeoutMs > 0 || UpgradesToHttp2;
}
