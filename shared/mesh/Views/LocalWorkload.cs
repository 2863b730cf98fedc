namespace Ambient.Mesh.Views;

/// <summary>How a listener set knows the workload it belongs to (ztunnel.md 3.1). Immutable.</summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Namespace">Namespace.</param>
/// <param name="ServiceAccount">Service account.</param>
public readonly record struct LocalWorkload(string Name, string Namespace, string ServiceAccount)
{
    /// <summary><c>account.namespace (name)</c>, as error texts say it.</summary>
    public override string ToString() => $"{ServiceAccount}.{Namespace} ({Name})";
}
