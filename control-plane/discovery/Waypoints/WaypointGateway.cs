using Ambient.ControlPlane.Discovery.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.Istio.Workload;
using GatewayAddress = Ambient.Protocol.Istio.Workload.GatewayAddress;

namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>A Gateway that can be named as a waypoint: any with an address (control-plane reference 3.1). Immutable.</summary>
internal sealed record WaypointGateway
{
    /// <summary>Waypoints take HBONE here, whatever their listeners say (Q15).</summary>
    private const uint HbonePort = 15008;

    private const string ForLabel = "istio.io/waypoint-for";
    private const string AccountAnnotation = "gateway.istio.io/service-account";
    private const string BindingAnnotation = "ambient.istio.io/waypoint-inbound-binding";

    /// <summary>Namespace and name.</summary>
    internal required ResourceKey Key { get; init; }

    /// <summary>Where it is reached.</summary>
    internal required GatewayAddress Address { get; init; }

    /// <summary>The account that its instances run under.</summary>
    internal required string Account { get; init; }

    /// <summary><c>service</c>, <c>workload</c>, <c>all</c> or <c>none</c>.</summary>
    internal required string TrafficType { get; init; }

    /// <summary>From which namespaces it may be named: <c>All</c>, <c>Same</c> or <c>Selector</c>.</summary>
    internal required string AllowedFrom { get; init; }

    /// <summary>The selector of <c>Selector</c>.</summary>
    internal LabelSelector? AllowedSelector { get; init; }

    /// <summary>How the ztunnel of its instances hands on traffic (3.6); null: not at all.</summary>
    internal ApplicationTunnel? Binding { get; init; }

    /// <summary>The Gateway as a waypoint; null while it has no address, and when it is for callers of other networks.</summary>
    internal static WaypointGateway? Of(Gateway gateway, GatewayClass? gatewayClass, string network)
    {
        if (NetworkGateway.IsEastWest(gateway) || Reach(gateway, network) is not { } address)
        {
            return null;
        }

        ApplicationTunnel? binding = ParseBinding(gateway.Metadata.Annotations.Find(BindingAnnotation) ?? gatewayClass?.Metadata.Annotations.Find(BindingAnnotation));
        RouteNamespaces? allowed = Listener(gateway, binding)?.AllowedRoutes?.Namespaces;
        return new WaypointGateway
        {
            Key = gateway.Key,
            Address = address,
            Account = gateway.Metadata.Annotations.Find(AccountAnnotation) is { Length: > 0 } account ? account : gateway.Metadata.Name,
            TrafficType = gateway.Metadata.Labels.Find(ForLabel) ?? gatewayClass?.Metadata.Labels.Find(ForLabel) ?? "service",
            AllowedFrom = allowed?.From is { Length: > 0 } from ? from : "Same",
            AllowedSelector = allowed?.Selector,
            Binding = binding,
        };
    }

    /// <summary>Whether objects of a namespace may name it.</summary>
    internal bool Allows(string @namespace, StringMap labels) => AllowedFrom switch
    {
        "All" => true,
        "Same" => @namespace == Key.Namespace,
        "Selector" => AllowedSelector?.Matches(labels) ?? false,
        _ => false,
    };

    private static GatewayAddress? Reach(Gateway gateway, string network)
    {
        Kubernetes.Resources.Gateways.GatewayAddress? name = gateway.Status.Addresses.FirstOrDefault(static address => address.Type == "Hostname" && address.Value.Length > 0);
        if (name is not null)
        {
            return new GatewayAddress { Hostname = new NamespacedHostname { Namespace = gateway.Metadata.Namespace, Hostname = name.Value }, HboneMtlsPort = HbonePort };
        }

        return gateway.Status.Addresses.Select(static address => ServiceConversion.Bytes(address.Value)).FirstOrDefault(static bytes => bytes is not null) is { } ip
            ? new GatewayAddress { Address = new NetworkAddress { Network = network, Address = ip }, HboneMtlsPort = HbonePort }
            : null;
    }

    /// <summary>The listener whose allowed routes count.</summary>
    private static Listener? Listener(Gateway gateway, ApplicationTunnel? binding) => binding is null
        ? gateway.Spec.Listeners.FirstOrDefault(static listener => listener is { Protocol: "HBONE", Port: 15008 })
        : gateway.Spec.Listeners.FirstOrDefault(listener => binding.Port > 0 ? listener.Port == binding.Port : listener.Protocol == "istio.io/PROXY");

    private static ApplicationTunnel? ParseBinding(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split('/');
        ushort port = 0;
        bool isPort = parts.Length == 1 || (parts.Length == 2 && ushort.TryParse(parts[1], out port));
        return (parts[0], isPort) switch
        {
            ("PROXY", true) => new ApplicationTunnel { Protocol = ApplicationTunnel.Types.Protocol.Proxy, Port = port },
            ("NONE", true) => new ApplicationTunnel { Protocol = ApplicationTunnel.Types.Protocol.None, Port = port },
            _ => null,
        };
    }
}
