using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;

namespace Ambient.ControlPlane.Discovery.Workloads;

/// <summary>Pods and WorkloadEntries as workloads of the mesh (control-plane reference section 1). Pure functions.</summary>
internal static class WorkloadConversion
{
    /// <summary>The uid of a pod's workload; note the empty group.</summary>
    internal static string PodUid(string cluster, ResourceKey pod) => $"{cluster}//Pod/{pod.Namespace}/{pod.Name}";

    /// <summary>The uid of a WorkloadEntry's workload.</summary>
    internal static string EntryUid(string cluster, ResourceKey entry) => $"{cluster}/networking.istio.io/WorkloadEntry/{entry.Namespace}/{entry.Name}";

    /// <summary>A pod; null while it has no address, and when it has ended.</summary>
    internal static Workload? OfPod(Pod pod, WorkloadContext context)
    {
        if (Addresses(pod) is not { Count: > 0 } addresses)
        {
            return null;
        }

        string name = WorkloadNames.OfPod(pod);
        StringMap labels = pod.Metadata.Labels;
        Workload workload = Start(PodUid(context.Settings.ClusterId, pod.Key), pod, name, labels, context);
        workload.Addresses.AddRange(addresses);
        workload.Network = context.Network;
        workload.ServiceAccount = pod.Spec.ServiceAccountName;
        workload.Node = pod.Spec.NodeName;
        workload.NetworkMode = pod.Spec.HostNetwork ? NetworkMode.HostNetwork : NetworkMode.Standard;
        workload.Status = IsReady(pod) ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy;
        workload.Locality = context.Locality;
        AddServices(workload, context.Services, (service, port) => PodPort(pod, service, port));
        return workload;
    }

    /// <summary>A WorkloadEntry.</summary>
    internal static Workload OfEntry(WorkloadEntry entry, WorkloadContext context)
    {
        StringMap labels = Labels(entry);
        string name = entry.Metadata.Annotations.Find("istio.io/autoRegistrationGroup") is { Length: > 0 } group ? group
            : labels.Find("service.istio.io/workload-name") is { Length: > 0 } own ? own
            : entry.Metadata.Name;
        Workload workload = Start(EntryUid(context.Settings.ClusterId, entry.Key), entry, name, labels, context);
        SetAddress(workload, entry.Spec.Address);
        workload.Network = entry.Spec.Network.Length > 0 ? entry.Spec.Network : context.Network;
        workload.ServiceAccount = entry.Spec.ServiceAccount;
        workload.Capacity = entry.Spec.Weight is > 0 and <= uint.MaxValue ? (uint)entry.Spec.Weight : null;
        workload.Locality = Locality(entry.Spec.Locality);
        AddServices(workload, context.Services, (service, port) => EntryPort(entry.Spec, service, port));
        return workload;
    }

    /// <summary>Labels of the object and of its spec: either place works.</summary>
    internal static StringMap Labels(WorkloadEntry entry) =>
        entry.Spec.Labels.Count == 0 ? entry.Metadata.Labels : StringMap.Of(entry.Metadata.Labels.Concat(entry.Spec.Labels));

    /// <summary>Region, zone and subzone; null when all are empty.</summary>
    internal static Locality? Locality(string text)
    {
        string[] parts = text.Split('/');
        return text.Length == 0 ? null : new Locality { Region = parts[0], Zone = parts.ElementAtOrDefault(1) ?? "", Subzone = parts.ElementAtOrDefault(2) ?? "" };
    }

    /// <summary>An endpoint's port for a service's, of a WorkloadEntry or an endpoint of a ServiceEntry (1.9, 1.10); 0: it has none.</summary>
    internal static uint EntryPort(WorkloadEntrySpec spec, ServiceView service, ServicePortView port)
    {
        uint? Own(string name) => spec.Ports.TryGetValue(name, out int number) && number is > 0 and <= ushort.MaxValue ? (uint)number : null;
        return service.IsEntry || port.TargetName is null ? Own(port.Name) ?? port.Target : Own(port.TargetName) ?? 0;
    }

    /// <summary>An address; any other text, even none, is a host name.</summary>
    internal static void SetAddress(Workload workload, string text)
    {
        if (ServiceConversion.Bytes(text) is { } bytes)
        {
            workload.Addresses.Add(bytes);
        }
        else
        {
            workload.Hostname = text;
        }
    }

    /// <summary>The services in the order of their names: equal content must give equal bytes.</summary>
    internal static void AddServices(Workload workload, IEnumerable<ServiceView> services, Func<ServiceView, ServicePortView, uint> target)
    {
        foreach (ServiceView service in services.OrderBy(static service => service.Name, StringComparer.Ordinal))
        {
            var ports = new PortList();
            foreach (ServicePortView port in service.Ports)
            {
                if (target(service, port) is > 0 and uint number)
                {
                    ports.Ports.Add(new Port { ServicePort = port.Number, TargetPort = number });
                }
            }

            workload.Services[service.Name] = ports;
        }
    }

    private static Workload Start(string uid, Resource source, string name, StringMap labels, WorkloadContext context)
    {
        MeshSettings settings = context.Settings;
        bool isNative = (labels.Find("networking.istio.io/tunnel") ?? "").Split(',').Any(static word => word.Trim() == "http");
        bool isCaptured = source.Metadata.Annotations.Find("ambient.istio.io/redirection") == "enabled";
        var workload = new Workload
        {
            Uid = uid,
            Name = source.Metadata.Name,
            Namespace = source.Metadata.Namespace,
            ClusterId = settings.ClusterId,
            TrustDomain = settings.TrustDomain == MeshSettings.DefaultTrustDomain ? "" : settings.TrustDomain,
            TunnelProtocol = isNative || isCaptured ? TunnelProtocol.Hbone : TunnelProtocol.None,
            NativeTunnel = isNative,
            CanonicalName = WorkloadNames.Canonical(labels, name),
            CanonicalRevision = WorkloadNames.Revision(labels),
            WorkloadType = WorkloadType.Pod,
            WorkloadName = name,
            Waypoint = context.Waypoint,
            ApplicationTunnel = context.Tunnel,
        };
        workload.AuthorizationPolicies.AddRange(context.Policies);
        return workload;
    }

    private static List<ByteString>? Addresses(Pod pod)
    {
        if (pod.Status.Phase is "Failed" or "Succeeded")
        {
            return null;
        }

        IEnumerable<string> texts = pod.Status.PodIPs.Count > 0 ? pod.Status.PodIPs.Select(static address => address.Ip)
            : string.IsNullOrEmpty(pod.Status.PodIP) ? [] : [pod.Status.PodIP];
        var addresses = new List<ByteString>();
        foreach (string text in texts)
        {
            if (ServiceConversion.Bytes(text) is not { } bytes)
            {
                return null;
            }

            addresses.Add(bytes);
        }

        return addresses;
    }

    private static bool IsReady(Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && pod.Status.Conditions.Any(static condition => condition.Type == "Ready" && condition.Status == "True");

    private static uint PodPort(Pod pod, ServiceView service, ServicePortView port)
    {
        if (service.IsEntry)
        {
            return Named(pod, port.Name) ?? port.Target;
        }

        return port.TargetName is null ? port.Target : Named(pod, port.TargetName) ?? 0;
    }

    /// <summary>A container's TCP port by name, also of init containers that keep running.</summary>
    private static uint? Named(Pod pod, string name) => pod.Spec.Containers
        .Concat(pod.Spec.InitContainers.Where(static container => container.RestartPolicy == "Always"))
        .SelectMany(static container => container.Ports)
        .Where(port => port.Name == name && name.Length > 0 && port.Protocol is "" or "TCP")
        .Select(static port => (uint?)port.Port)
        .FirstOrDefault();
}
