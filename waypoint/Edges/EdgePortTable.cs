using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Edges;

/// <summary>A port for clients outside the mesh, compiled. Immutable.</summary>
internal sealed record EdgePortTable
{
    /// <summary>Nothing.</summary>
    public static EdgePortTable Closed { get; } = new() { Port = 0, Protocol = EdgeProtocol.EdgeHttp, Listeners = new HostTable<EdgeListenerTable>([]), All = [] };

    /// <summary>Its number.</summary>
    public required ushort Port { get; init; }

    /// <summary>What comes in.</summary>
    public required EdgeProtocol Protocol { get; init; }

    /// <summary>Its listeners by host name.</summary>
    public required HostTable<EdgeListenerTable> Listeners { get; init; }

    /// <summary>Its listeners.</summary>
    public required IReadOnlyList<EdgeListenerTable> All { get; init; }

    /// <summary>Whether any of them can be used: a port without is not open.</summary>
    public bool IsUsable => All.Any(static listener => listener.Broken is null);
}
