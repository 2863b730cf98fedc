using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Services;

/// <summary>A service of any origin under one host name, before its waypoint is known. Immutable.</summary>
internal sealed record ServiceView
{
    /// <summary>The object it comes from.</summary>
    internal required ResourceKey Source { get; init; }

    /// <summary>Whether that is a ServiceEntry.</summary>
    internal required bool IsEntry { get; init; }

    /// <summary>When the object was made; the older one keeps a host that several claim.</summary>
    internal required DateTimeOffset Created { get; init; }

    /// <summary>The message without waypoint; never changed after it is made.</summary>
    internal required Service Message { get; init; }

    /// <summary>Its ports.</summary>
    internal required IReadOnlyList<ServicePortView> Ports { get; init; }

    /// <summary>Which workloads of its namespace it has; empty: none by labels.</summary>
    internal required StringMap Selector { get; init; }

    /// <summary>Labels of the object, for its waypoint.</summary>
    internal required StringMap Labels { get; init; }

    /// <summary>Annotations of the object.</summary>
    internal required StringMap Annotations { get; init; }

    /// <summary>How its endpoints are found, as ServiceEntries say it; empty for Services.</summary>
    internal string Resolution { get; init; } = "";

    /// <summary>Whether it is outside of the mesh.</summary>
    internal bool IsExternal { get; init; }

    /// <summary>The resource's name, <c>namespace/hostname</c>.</summary>
    internal string Name => $"{Message.Namespace}/{Message.Hostname}";
}
