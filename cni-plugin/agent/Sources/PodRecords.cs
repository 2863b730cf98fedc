using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cni.Agent.Sources;

/// <summary>What of a pod's and a namespace's object matters here. Pure.</summary>
internal static partial class PodRecords
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    public static NamespaceFacts Of(Namespace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        return new NamespaceFacts(space.Metadata.Name, space.Metadata.Labels) { Version = VersionOf(space) };
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
                Uid = UidOf(pod),
                ObjectUid = pod.Metadata.Uid,
                Labels = pod.Metadata.Labels,
                Annotations = pod.Metadata.Annotations,
                HostNetwork = pod.Spec.HostNetwork,
                Phase = PodPhases.Parse(pod.Status.Phase),
            },
            Version = VersionOf(pod),
            ServiceAccount = pod.Spec.ServiceAccountName.Length > 0 ? pod.Spec.ServiceAccountName : "default",
            Addresses = addresses,
            IsEnding = pod.Metadata.DeletionTimestamp is not null,
            ProbePorts = [.. ProbePorts(pod)],
            Annotation = pod.Metadata.Annotations.Find(Enrolment.EnrolmentRules.RedirectionAnnotation),
        };
    }

    /// <summary>Versions of one kind can be compared as numbers (KEP-5504; every server has always counted them so); 0 for what is no number.</summary>
    public static ulong VersionOf(Resource resource) => ulong.TryParse(resource.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out ulong version) ? version : 0;

    /// <summary>
    /// The UID by which kubelet and runtime know a pod. A static pod's object in the API is a mirror with a UID of its own; its annotation holds the digest of
    /// the manifest. Nobody can pass for an ordinary pod by it: a digest has no dashes.
    /// </summary>
    public static string UidOf(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return pod.Metadata.Annotations.Find(MirrorAnnotation) is { } digest && Digest().IsMatch(digest) ? digest : pod.Metadata.Uid;
    }

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex Digest();

    /// <summary>Ports of HTTP, TCP and gRPC probes and of hooks, which come from the node as well; a named one is looked up among the container's ports.</summary>
    private static SortedSet<int> ProbePorts(Pod pod)
    {
        var ports = new SortedSet<int>();
        foreach (Container container in pod.Spec.Containers.Concat(pod.Spec.InitContainers))
        {
            foreach (Probe? probe in (Probe?[])[container.LivenessProbe, container.ReadinessProbe, container.StartupProbe, container.Lifecycle?.PostStart, container.Lifecycle?.PreStop])
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
