using Ambient.ControlPlane.Discovery.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;
using GatewayAddress = Ambient.Protocol.Istio.Workload.GatewayAddress;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>The way into another network: a Gateway of the class <c>istio-remote</c> that names it (control-plane reference 1.12 and 9.8). Immutable.</summary>
/// <param name="Key">The Gateway.</param>
/// <param name="Network">The network behind it.</param>
/// <param name="Host">Its address, or its name.</param>
/// <param name="Bytes">Its address; null: <paramref name="Host"/> is a name.</param>
/// <param name="Port">Where it takes HBONE.</param>
/// <param name="ServiceAccount">Who it is.</param>
internal sealed record NetworkGateway(ResourceKey Key, string Network, string Host, ByteString? Bytes, uint Port, string ServiceAccount)
{
    private const string RemoteClass = "istio-remote";
    private const string NetworkLabel = "topology.istio.io/network";
    private const string AccountAnnotation = "gateway.istio.io/service-account";

    /// <summary>The uid of the workload that says who it is.</summary>
    internal string Uid => $"NetworkGateway/{Network}/{Host}/{Port}";

    /// <summary>As workloads of the network say it.</summary>
    internal GatewayAddress Address => Bytes is null
        ? new GatewayAddress { Hostname = new NamespacedHostname { Namespace = Key.Namespace, Hostname = Host }, HboneMtlsPort = Port }
        : new GatewayAddress { Address = new NetworkAddress { Network = Network, Address = Bytes }, HboneMtlsPort = Port };

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
