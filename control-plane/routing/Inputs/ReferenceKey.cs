using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A Secret or ConfigMap that an object names. Immutable.</summary>
/// <param name="IsSecret">Whether it is a Secret.</param>
/// <param name="Key">Namespace and name.</param>
public readonly record struct ReferenceKey(bool IsSecret, ResourceKey Key)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(IsSecret ? "Secret" : "ConfigMap")} {Key}";
}
