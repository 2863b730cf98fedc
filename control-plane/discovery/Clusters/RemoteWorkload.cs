using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>What counts of a workload in another cluster. Immutable.</summary>
/// <param name="Network">Its network.</param>
/// <param name="Services">The services that it is an endpoint of.</param>
/// <param name="Weight">Its share.</param>
/// <param name="IsHealthy">Whether it is ready.</param>
/// <param name="IsReachable">Whether it takes HBONE: from another network nothing else reaches it.</param>
/// <param name="Identity">Who it is.</param>
/// <param name="Content">The resource, when it is on our own network; null: it is told as a part of a summary.</param>
internal sealed record RemoteWorkload(string Network, string[] Services, uint Weight, bool IsHealthy, bool IsReachable, FarIdentity Identity, ResourceContent? Content)
{
    internal static RemoteWorkload Of(ResourceContent content, string ownNetwork)
    {
        Workload message = ((Address)content.Message).Workload;
        string domain = message.TrustDomain.Length > 0 ? message.TrustDomain : MeshSettings.DefaultTrustDomain;
        return new RemoteWorkload(
            message.Network,
            [.. message.Services.Keys],
            message.Capacity ?? 1,
            message.Status == WorkloadStatus.Healthy,
            message.TunnelProtocol == TunnelProtocol.Hbone,
            new FarIdentity(domain, message.Namespace, message.ServiceAccount),
            message.Network == ownNetwork ? content : null);
    }
}
