using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Workloads;

/// <summary>What a source says about a workload; <see cref="Workload"/> is made from it. Mutable, for one writer. Names as in ztunnel.md 4.8.</summary>
public sealed class WorkloadSpec
{
    /// <summary>Primary key, such as <c>cluster//Pod/namespace/name</c>.</summary>
    public string Uid { get; set; } = "";

    /// <summary>The pod's name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Namespace.</summary>
    public string Namespace { get; set; } = "";

    /// <summary>Addresses, in the order of the source.</summary>
    public List<IpAddress> Addresses { get; } = [];

    /// <summary>The network, empty by default.</summary>
    public string Network { get; set; } = "";

    /// <summary>How it takes connections.</summary>
    public TunnelProtocol Protocol { get; set; }

    /// <summary>Trust domain.</summary>
    public string TrustDomain { get; set; } = "";

    /// <summary>Service account.</summary>
    public string ServiceAccount { get; set; } = "";

    /// <summary>The waypoint for traffic addressed to the workload.</summary>
    public GatewayAddress? Waypoint { get; set; }

    /// <summary>The node.</summary>
    public string Node { get; set; } = "";

    /// <summary>Canonical service name; telemetry.</summary>
    public string CanonicalName { get; set; } = "";

    /// <summary>Canonical revision; telemetry.</summary>
    public string CanonicalRevision { get; set; } = "";

    /// <summary>What created it; telemetry.</summary>
    public WorkloadType Type { get; set; }

    /// <summary>The Deployment or the like; telemetry.</summary>
    public string WorkloadName { get; set; } = "";

    /// <summary>Whether it speaks HBONE itself.</summary>
    public bool NativeTunnel { get; set; }

    /// <summary>Keys of the policies that select it.</summary>
    public List<string> AuthorizationPolicies { get; } = [];

    /// <summary>Readiness.</summary>
    public WorkloadStatus Status { get; set; }

    /// <summary>The cluster.</summary>
    public string ClusterId { get; set; } = "";

    /// <summary>The gateway by which its network is entered.</summary>
    public GatewayAddress? NetworkGateway { get; set; }

    /// <summary>A name to resolve when a connection needs an address.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>The Services whose endpoint it is.</summary>
    public List<ServiceMembership> Services { get; } = [];

    /// <summary>Set for workloads that take traffic for others.</summary>
    public ApplicationTunnel? ApplicationTunnel { get; set; }

    /// <summary>Where it runs.</summary>
    public Locality Locality { get; set; } = Locality.Empty;

    /// <summary>Whether it has addresses of its own.</summary>
    public NetworkMode NetworkMode { get; set; }

    /// <summary>Weight among the endpoints of a Service.</summary>
    public uint Capacity { get; set; } = 1;

    /// <summary>Fills what the wire leaves out with its defaults (ztunnel.md 4.6); workloads of a local file don't have them.</summary>
    public void ApplyWireDefaults()
    {
        TrustDomain = TrustDomain.Length == 0 ? "cluster.local" : TrustDomain;
        ServiceAccount = ServiceAccount.Length == 0 ? "default" : ServiceAccount;
        ClusterId = ClusterId.Length == 0 ? "Kubernetes" : ClusterId;
    }
}
