namespace Ambient.Ztunnel.Settings;

/// <summary>The one workload of dedicated mode (<c>PROXY_WORKLOAD_INFO</c>: <c>namespace/name/service-account</c>). Immutable.</summary>
/// <param name="Namespace">Namespace.</param>
/// <param name="Name">Pod name.</param>
/// <param name="ServiceAccount">Service account.</param>
public sealed record WorkloadReference(string Namespace, string Name, string ServiceAccount)
{
    /// <summary>Exactly three parts, none empty.</summary>
    public static WorkloadReference? Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 3 && parts.All(p => p.Length > 0) ? new WorkloadReference(parts[0], parts[1], parts[2]) : null;
    }
}
