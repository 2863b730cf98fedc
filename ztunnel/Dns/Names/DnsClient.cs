namespace Ambient.Ztunnel.Dns.Names;

/// <summary>Who asks: what metrics and the log say about the pod. Immutable.</summary>
/// <param name="Workload">Name of the workload.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="CanonicalService">Its canonical service.</param>
/// <param name="CanonicalRevision">Its canonical revision.</param>
public record DnsClient(string Workload, string Namespace, string CanonicalService, string CanonicalRevision);
