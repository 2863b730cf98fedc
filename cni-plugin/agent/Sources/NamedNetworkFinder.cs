using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Pods;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Finds pods of manifests by the path that they name, and proves it by the addresses as everywhere. Thread-safe.</summary>
public sealed class NamedNetworkFinder : INamespaceFinder
{
    /// <summary>Annotation with the path of a pod's network namespace, for pods that no kubelet runs.</summary>
    public const string NetworkAnnotation = "sandbox.ambient/network-namespace";

    /// <inheritdoc/>
    public NetworkNamespace? Find(PodRecord pod, out string? doubt, long? asked = null)
    {
        ArgumentNullException.ThrowIfNull(pod);
        doubt = null;
        if (!pod.Facts.Annotations.TryGetValue(NetworkAnnotation, out string? path))
        {
            doubt = $"its manifest has no annotation {NetworkAnnotation}";
            return null;
        }

        NetworkNamespace? network = null;
        try
        {
            network = NetworkNamespace.Open(path);
            using NetworkNamespace own = NetworkNamespace.Open("/proc/self/ns/net");
            if (network.IsSameAs(own))
            {
                doubt = path + " is the node's own network namespace";
            }
            else if (InterfaceAddresses.Read(network).Intersect(pod.Addresses).Any())
            {
                return network;
            }
            else
            {
                doubt = $"{path} has none of its addresses {string.Join(", ", pod.Addresses)}";
            }
        }
        catch (Exception gone) when (gone is LinuxException or IOException)
        {
            doubt = $"{path} cannot be opened: {gone.Message}";
        }

        network?.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public NetworkIdentity? Elsewhere(PodRecord pod, NetworkIdentity network)
    {
        using NetworkNamespace? now = Find(pod, out _);
        return now is not null && new NetworkIdentity(now.Device, now.Inode) is var found && found != network ? found : null;
    }
}
