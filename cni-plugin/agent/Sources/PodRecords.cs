using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cni.Agent.Sources;

/// <summary>What of a pod's and a namespace's object matters here. Pure.</summary>
internal static class PodRecords
{
    public static NamespaceFacts Of(Namespace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return new NamespaceFacts(space.Metadata.Name, space.Metadata.Labels);
    }

    public static PodRecord Of(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        IReadOnlyList<IPAddress> addresses = PodAddresses.FromStatus(pod.Status.PodIP, pod.Status.PodIPs.Select(a => a.Ip), out _);
        return new PodRecord
        {
            Facts = new PodFacts
            {
                Name = pod.Metadata.Name,
                Namespace = pod.Metadata.Namespace,
                Uid = pod.Metadata.Uid,
                Labels = pod.Metadata.Labels,
                Annotations = pod.Metadata.Annotations,
                HostNetwork = pod.Spec.HostNetwork,
                Phase = PodPhases.Parse(pod.Status.Phase),
            },
            ServiceAccount = pod.Spec.ServiceAccountName.Length > 0 ? pod.Spec.ServiceAccountName : "default",
            Addresses = addresses,
            IsEnding = pod.Metadata.DeletionTimestamp is not null,
            ProbePorts = [.. ProbePorts(pod)],
            Annotation = pod.Metadata.Annotations.Find(Enrolment.EnrolmentRules.RedirectionAnnotation),
        };
    }

    /// <summary>Ports of HTTP, TCP and gRPC probes; a named one is looked up among the container's ports.</summary>
    private static SortedSet<int> ProbePorts(Pod pod)
    {
        var ports = new SortedSet<int>();
        foreach (Container container in pod.Spec.Containers.Concat(pod.Spec.InitContainers))
        {
            foreach (Probe? probe in (Probe?[])[container.LivenessProbe, container.ReadinessProbe, container.StartupProbe])
            {
                foreach (ProbeTarget? target in (ProbeTarget?[])[probe?.HttpGet, probe?.TcpSocket, probe?.Grpc])
                {
                    // A name may also be a number in quotes.
                    int? port = target?.Port.Number
                        ?? (target?.Port.Name is { } name ? container.Ports.FirstOrDefault(p => p.Name == name)?.Port ?? (ushort.TryParse(name, out ushort number) ? number : null) : null);
                    if (port is > 0 and <= ushort.MaxValue)
                    {
                        ports.Add(port.Value);
                    }
                }
            }
        }

        return ports;
    }
}
