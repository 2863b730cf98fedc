using Ambient.ControlPlane.Discovery.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;
using GatewayAddress = Ambient.Protocol.Istio.Workload.GatewayAddress;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>
/// The way into another network: a Gateway of the class <c>istio-remote</c> that names it, or one of the class <c>istio-east-west</c> in a remote cluster
/// (control-plane reference 1.12 and 9.8). Immutable.
/// </summary>
/// <param name="Key">The Gateway.</param>
/// <param name="Network">The network behind it.</param>
/// <param name="Host">Its address, or its name.</param>
/// <param name="Bytes">Its address; null: <paramref name="Host"/> is a name.</param>
/// <param name="Port">Where it takes HBONE; 0: where all do.</param>
/// <param name="ServiceAccount">Who it is.</param>
internal sealed record NetworkGateway(ResourceKey Key, string Network, string Host, ByteString? Bytes, uint Port, string ServiceAccount)
{
    /// <summary>What the uids of all of them begin with.</summary>
    internal const string UidPrefix = "NetworkGateway/";

    private const string RemoteClass = "istio-remote";
    private const string EastWestClass = "istio-east-west";
    private const uint HbonePort = 15008;
    private const string NetworkLabel = "topology.istio.io/network";
    private const string AccountAnnotation = "gateway.istio.io/service-account";

    /// <summary>The uid of the workload that says who it is.</summary>
    internal string Uid => $"{UidPrefix}{Network}/{Host}/{Port}";

    /// <summary>As workloads of the network say it.</summary>
    internal GatewayAddress Address => Bytes is null
        ? new GatewayAddress { Hostname = new NamespacedHostname { Namespace = Key.Namespace, Hostname = Host }, HboneMtlsPort = Port == 0 ? HbonePort : Port }
        : new GatewayAddress { Address = new NetworkAddress { Network = Network, Address = Bytes }, HboneMtlsPort = Port == 0 ? HbonePort : Port };

    /// <summary>Null: the Gateway is none, or has no address or no HBONE listener yet.</summary>
    internal static NetworkGateway? Of(Gateway gateway)
    {
        Listener? listener = gateway.Spec.Listeners.FirstOrDefault(static candidate => candidate.Protocol == "HBONE" && candidate.Port is > 0 and <= ushort.MaxValue);
        string host = gateway.Status.Addresses.FirstOrDefault(static address => address.Value.Length > 0)?.Value ?? "";
        return gateway.Spec.GatewayClassName == RemoteClass && gateway.Metadata.Labels.Find(NetworkLabel) is { Length: > 0 } network && listener is not null && host.Length > 0
            ? new NetworkGateway(
                gateway.Key,
                network,
                host,
                ServiceConversion.Bytes(host),
                (uint)listener.Port,
                gateway.Metadata.Annotations.Find(AccountAnnotation) is { Length: > 0 } account ? account : $"{gateway.Metadata.Name}-{RemoteClass}")
            : null;
    }

    /// <summary>
    /// A Gateway of another cluster, where others come in; null: it is none. It leads to the cluster's own network and no other: whoever may make a Gateway there must not
    /// take traffic of a third.
    /// </summary>
    internal static NetworkGateway? OfRemote(Gateway gateway, string clusterNetwork)
    {
        string host = gateway.Status.Addresses.FirstOrDefault(static address => address.Value.Length > 0)?.Value ?? "";
        bool isItsOwn = gateway.Metadata.Labels.Find(NetworkLabel) is null or "" || gateway.Metadata.Labels.Find(NetworkLabel) == clusterNetwork;
        return IsEastWest(gateway) && isItsOwn && clusterNetwork.Length > 0 && host.Length > 0 && gateway.Spec.Listeners.Any(static listener => listener is { Protocol: "HBONE", Tls: null or { Mode: "" or "Terminate" } })
            ? new NetworkGateway(
                gateway.Key,
                clusterNetwork,
                host,
                ServiceConversion.Bytes(host),
                0,
                gateway.Metadata.Annotations.Find(AccountAnnotation) is { Length: > 0 } account ? account : gateway.Metadata.Name)
            : null;
    }

    /// <summary>Whether a Gateway is for callers of other networks.</summary>
    internal static bool IsEastWest(Gateway gateway) => gateway.Spec.GatewayClassName == EastWestClass;

    /// <summary>What ztunnels have to know to trust it.</summary>
    internal Workload ToWorkload(string trustDomain)
    {
        var workload = new Workload
        {
            Uid = Uid,
            Name = Uid,
            Namespace = Key.Namespace,
            ServiceAccount = ServiceAccount,
            Network = Network,
            TrustDomain = trustDomain,
            TunnelProtocol = TunnelProtocol.Hbone,
        };
        if (Bytes is null)
        {
            workload.Hostname = Host;
        }
        else
        {
            workload.Addresses.Add(Bytes);
        }

        return workload;
    }
}
