namespace Ambient.Ztunnel.Pods;

/// <summary>Who a pod is, as the node agent says. Immutable.</summary>
/// <param name="Name">Pod name.</param>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="ServiceAccount">Service account.</param>
public sealed record ZdsWorkloadInfo(string Name, string Namespace, string ServiceAccount);
