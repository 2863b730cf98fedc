using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>Everything that the ports of one ingress gateway are made of. Immutable.</summary>
public sealed record EdgeScope
{
    /// <summary>What its routes are made of; its objects are VirtualServices and the routes of the Gateway API.</summary>
    public required WaypointScope Scope { get; init; }

    /// <summary>The Gateway of the Gateway API that it is an instance of; null: of none.</summary>
    public Gateway? Gateway { get; init; }

    /// <summary>Istio's Gateways that select its pods, oldest first.</summary>
    public IReadOnlyList<RoutingObject> Servers { get; init; } = [];

    /// <summary>Labels of namespaces.</summary>
    public Func<string, StringMap> NamespaceLabels { get; init; } = static _ => StringMap.Empty;

    /// <summary>ReferenceGrants.</summary>
    public IReadOnlyList<RoutingObject> Grants { get; init; } = [];

    /// <summary>What its pods listen on, for a port of its Service.</summary>
    public Func<ushort, ushort> BindPort { get; init; } = static port => port;

    /// <summary>The time, for certificates that are too old.</summary>
    public DateTimeOffset Now { get; init; } = DateTimeOffset.MinValue;
}
