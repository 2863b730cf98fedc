namespace Ambient.Kubernetes.Resources;

/// <summary>Namespace and name; the namespace is empty for objects of the cluster. Immutable.</summary>
public readonly record struct ResourceKey(string Namespace, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Namespace.Length == 0 ? Name : Namespace + "/" + Name;
}
