using System.Globalization;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>Which second waypoint a service tries, and with how much of its traffic (control-plane reference 3.4). Immutable.</summary>
/// <param name="Key">The Gateway.</param>
/// <param name="Weight">Parts of a hundred; null: what is written is none.</param>
internal sealed record CanaryReference(ResourceKey Key, uint? Weight)
{
    private const string Label = "istio.io/use-waypoint-canary";
    private const string NamespaceLabel = "istio.io/use-waypoint-canary-namespace";
    private const string WeightAnnotation = "istio.io/use-waypoint-canary-weight";

    /// <summary>Null: no canary. What an object says itself counts before what its namespace says.</summary>
    internal static CanaryReference? Of(StringMap labels, StringMap annotations, StringMap namespaceLabels, StringMap namespaceAnnotations, string @namespace)
    {
        StringMap speaker = labels.ContainsKey(Label) ? labels : namespaceLabels;
        return speaker.Find(Label) is { Length: > 0 } name && name != "none"
            ? new CanaryReference(
                new ResourceKey(speaker.Find(NamespaceLabel) is { Length: > 0 } other ? other : @namespace, name),
                Read(annotations.Find(WeightAnnotation) ?? namespaceAnnotations.Find(WeightAnnotation)))
            : null;
    }

    private static uint? Read(string? text) => text is null ? 0
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint weight) && weight <= 100 ? weight
        : null;
}
