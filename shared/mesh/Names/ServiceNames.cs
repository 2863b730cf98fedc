using Ambient.Mesh.Views;

namespace Ambient.Mesh.Names;

/// <summary>Which names the DNS proxy serves, and with what (ztunnel.md 7.2 and 7.3). Pure.</summary>
public static class ServiceNames
{
    /// <summary>The answer, or null to forward the question.</summary>
    public static NameAnswer? Resolve(MeshView view, in NameQuery query) => throw new NotSupportedException();

    /// <summary>The search domains of a client in shared mode: <c>ns.svc.D</c>, <c>svc.D</c>, <c>D</c>.</summary>
    public static IReadOnlyList<string> SearchDomains(string clientNamespace, string clusterDomain) =>
        [$"{clientNamespace}.svc.{clusterDomain}", $"svc.{clusterDomain}", clusterDomain];
}
