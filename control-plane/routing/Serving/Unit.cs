using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>A piece of a waypoint's configuration. Immutable.</summary>
/// <param name="Waypoint">The Gateway that it is for.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The service's resource name, or the policy's; empty for settings.</param>
internal readonly record struct Unit(ResourceKey Waypoint, UnitKind Kind, string Name)
{
    /// <summary>The name of its resource.</summary>
    public string ResourceName => $"{Waypoint}/{(Kind == UnitKind.Settings ? "settings" : Name)}";
}
