using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>Which waypoint an object names by its labels (control-plane reference 3.2). Immutable.</summary>
/// <param name="Key">The Gateway.</param>
/// <param name="IsOwn">Whether the object itself names it, not its namespace.</param>
internal sealed record WaypointReference(ResourceKey Key, bool IsOwn)
{
    private const string Label = "istio.io/use-waypoint";
    private const string NamespaceLabel = "istio.io/use-waypoint-namespace";

    /// <summary>The object's labels count alone when they name anything, even <c>none</c>; else those of its namespace.</summary>
    internal static WaypointReference? Of(StringMap labels, StringMap namespaceLabels, string @namespace) =>
        labels.ContainsKey(Label) ? Read(labels, @namespace, isOwn: true) : Read(namespaceLabels, @namespace, isOwn: false);

    private static WaypointReference? Read(StringMap labels, string @namespace, bool isOwn) =>
        labels.Find(Label) is { Length: > 0 } name && name != "none"
            ? new WaypointReference(new ResourceKey(labels.Find(NamespaceLabel) is { Length: > 0 } other ? other : @namespace, name), isOwn)
            : null;
}
