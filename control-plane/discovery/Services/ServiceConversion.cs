using System.Net;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;
using KubernetesService = Ambient.Kubernetes.Resources.Services.Service;
using KubernetesPort = Ambient.Kubernetes.Resources.Services.ServicePort;

namespace Ambient.ControlPlane.Discovery.Services;

/// <summary>Services and ServiceEntries as services of the mesh (control-plane reference section 2). Pure functions.</summary>
internal static class ServiceConversion
{
    /// <summary>A Kubernetes Service; null for ExternalName.</summary>
    internal static ServiceView? OfService(KubernetesService service, StringMap namespaceAnnotations, string network, MeshSettings settings)
    {
        if (service.Spec.Type == "ExternalName")
        {
            return null;
        }

        KubernetesPort[] declared = [.. service.Spec.Ports.Where(static port => port.Protocol is "" or "TCP" && port.Port is > 0 and <= ushort.MaxValue)];
        ServicePortView[] ports = [.. declared.Select(static port => new ServicePortView(
            (uint)port.Port, port.Name, Target(port), port.TargetPort.Name, ProtocolDetection.OfPort(port.AppProtocol, port.Name, port.Port), port.AppProtocol.Length > 0 ? port.AppProtocol : port.Name))];
        var message = new Service
        {
            Name = service.Metadata.Name,
            Namespace = service.Metadata.Namespace,
            Hostname = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{settings.DomainSuffix}",
            Canonical = true,
            LoadBalancing = LoadBalancingRules.OfService(service.Spec, service.Metadata.Annotations, namespaceAnnotations),
            IpFamilies = service.Spec.IpFamilies switch
            {
                { Count: >= 2 } => IPFamilies.Dual,
                ["IPv4"] => IPFamilies.Ipv4Only,
                ["IPv6"] => IPFamilies.Ipv6Only,
                _ => IPFamilies.Automatic,
            },
        };
        IEnumerable<string> addresses = service.Spec.ClusterIPs.Count > 0 ? service.Spec.ClusterIPs : [service.Spec.ClusterIP ?? ""];
        message.Addresses.AddRange(addresses.Select(text => Plain(text, network)).OfType<NetworkAddress>());
        message.Ports.AddRange(ports.Select(static port => new Port { ServicePort = port.Number, TargetPort = port.Target, AppProtocol = port.Protocol }));
        return new ServiceView
        {
            Source = service.Key,
            IsEntry = false,
            Created = service.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch,
            Message = message,
            Ports = ports,
            Selector = service.Spec.Selector,
            Labels = service.Metadata.Labels,
            Annotations = service.Metadata.Annotations,
        };
    }

    /// <summary>A ServiceEntry's services, one for each host; none when an address cannot be read.</summary>
    internal static IReadOnlyList<ServiceView> OfEntry(ServiceEntry entry, StringMap namespaceAnnotations, string network)
    {
        NetworkAddress?[] addresses = [.. entry.Spec.Addresses.Select(text => Block(text, network))];
        if (addresses.Contains(null))
        {
            return [];
        }

        bool isPassthrough = entry.Spec.Resolution is "" or "NONE";
        ServicePortView[] ports = [.. entry.Spec.Ports.Where(static port => port.Number is > 0 and <= ushort.MaxValue).Select(static port => new ServicePortView(
            (uint)port.Number, port.Name, (uint)(port.TargetPort is > 0 and <= ushort.MaxValue ? port.TargetPort.Value : port.Number), null, ProtocolDetection.OfEntry(port.Protocol), port.Protocol))];
        return [.. entry.Spec.Hosts.Distinct(StringComparer.Ordinal).Select(host =>
        {
            var message = new Service
            {
                Name = entry.Metadata.Name,
                Namespace = entry.Metadata.Namespace,
                Hostname = host,
                LoadBalancing = isPassthrough
                    ? new LoadBalancing { Mode = LoadBalancing.Types.Mode.Passthrough, HealthPolicy = LoadBalancing.Types.HealthPolicy.AllowAll }
                    : LoadBalancingRules.OfAnnotations(entry.Metadata.Annotations, namespaceAnnotations),
            };
            message.Addresses.AddRange(entry.Spec.Addresses.Count > 0 || isPassthrough ? addresses.OfType<NetworkAddress>().Select(static address => address.Clone()) : Allocated(entry, host, network));
            message.Ports.AddRange(ports.Select(static port => new Port { ServicePort = port.Number, TargetPort = port.Target, AppProtocol = port.Protocol }));
            message.SubjectAltNames.AddRange(entry.Spec.SubjectAltNames);
            return new ServiceView
            {
                Source = entry.Key,
                IsEntry = true,
                Created = entry.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch,
                Message = message,
                Ports = ports,
                Selector = entry.Spec.WorkloadSelector?.Labels ?? StringMap.Empty,
                Resolution = isPassthrough ? "NONE" : entry.Spec.Resolution,
                IsExternal = entry.Spec.Location is "" or "MESH_EXTERNAL",
                Labels = entry.Metadata.Labels,
                Annotations = entry.Metadata.Annotations,
            };
        })];
    }

    /// <summary>What of a ServiceEntry cannot be used, field by field, and what becomes of it.</summary>
    internal static IEnumerable<string> Problems(ServiceEntry entry)
    {
        foreach ((int at, string text) in entry.Spec.Addresses.Index())
        {
            if (Block(text, "") is null)
            {
                yield return $"spec.addresses[{at}]: '{text}' is no address or block of addresses: the entry has no effect";
            }
        }

        foreach ((int at, ServiceEntryPort port) in entry.Spec.Ports.Index())
        {
            if (port.Number is <= 0 or > ushort.MaxValue)
            {
                yield return $"spec.ports[{at}].number: {port.Number} is no port: it has none";
            }
        }
    }

    /// <summary>An address; null for what is none, such as the <c>None</c> of headless services.</summary>
    internal static ByteString? Bytes(string text) =>
        IPAddress.TryParse(text, out IPAddress? ip) && text.AsSpan().IndexOfAny('.', ':') >= 0 ? ByteString.CopyFrom((ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).GetAddressBytes()) : null;

    private static uint Target(KubernetesPort port) => port.TargetPort.Name is not null ? 0
        : port.TargetPort.Number is > 0 and <= ushort.MaxValue ? (uint)port.TargetPort.Number.Value
        : (uint)port.Port;

    private static NetworkAddress? Plain(string text, string network) => Bytes(text) is { } bytes ? new NetworkAddress { Network = network, Address = bytes } : null;

    /// <summary>An address, or a block cut to its first address; the length is told only when there is more than one (2.2).</summary>
    private static NetworkAddress? Block(string text, string network)
    {
        string[] parts = text.Split('/');
        if (Bytes(parts[0]) is not { } bytes || parts.Length > 2)
        {
            return null;
        }

        uint whole = (uint)bytes.Length * 8;
        if (parts.Length == 1 || (uint.TryParse(parts[1], out uint length) && length == whole))
        {
            return new NetworkAddress { Network = network, Address = bytes };
        }

        if (!uint.TryParse(parts[1], out length) || length > whole)
        {
            return null;
        }

        byte[] cut = bytes.ToByteArray();
        for (int bit = (int)length; bit < whole; bit++)
        {
            cut[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new NetworkAddress { Network = network, Address = ByteString.CopyFrom(cut), Length = length };
    }

    /// <summary>Addresses that were given out automatically; wildcard hosts have them only with DYNAMIC_DNS.</summary>
    private static IEnumerable<NetworkAddress> Allocated(ServiceEntry entry, string host, string network)
    {
        bool isOff = entry.Metadata.Labels.Find("networking.istio.io/enable-autoallocate-ip") == "false"
            || (host.StartsWith('*') && entry.Spec.Resolution != "DYNAMIC_DNS");
        return isOff ? [] : entry.Status.Addresses.Where(address => address.Host == host).Select(address => Plain(address.Value, network)).OfType<NetworkAddress>();
    }
}
