using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>A service as one cluster has it. Immutable.</summary>
/// <param name="Content">The resource that the cluster alone would have.</param>
/// <param name="IsGlobal">Whether other clusters reach it.</param>
internal sealed record ServiceClaim(ResourceContent Content, bool IsGlobal)
{
    internal Service Message => ((Address)Content.Message).Service;
}
