using Ambient.Cni.Agent.Pods;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>
/// Finds pods by their processes (cni-and-redirection.md 4.5): a process whose cgroup names the pod, in a namespace that has one of the pod's
/// addresses. Helpers, debuggers and shims sit in a pod's cgroup but in other namespaces, so neither is enough alone. Thread-safe.
/// </summary>
public sealed class ProcessFinder(ProcessTable processes) : INamespaceFinder
{
    /// <inheritdoc/>
    public NetworkNamespace? Find(PodRecord pod, out string? doubt, long? asked = null)
    {
        ArgumentNullException.ThrowIfNull(pod);
        doubt = null;
        if (pod.Addresses.Count == 0)
        {
            return null;
        }

        foreach (PodProcess process in processes.Of(pod.Uid, asked ?? processes.Now))
        {
            if (Open(process, pod, ref doubt) is { } network)
            {
                return network;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public NetworkIdentity? Elsewhere(PodRecord pod, NetworkIdentity network)
    {
        ArgumentNullException.ThrowIfNull(pod);
        IReadOnlyList<PodProcess> found = processes.Of(pod.Uid);
        if (found.Count == 0 || found.Any(p => p.Network == network))
        {
            return null;
        }

        string? doubt = null;
        foreach (PodProcess process in found)
        {
            using NetworkNamespace? other = Open(process, pod, ref doubt);
            if (other is not null)
            {
                return process.Network;
            }
        }

        return null;
    }

    private static NetworkNamespace? Open(PodProcess process, PodRecord pod, ref string? doubt)
    {
        NetworkNamespace? network = null;
        try
        {
            network = NetworkNamespace.Open(process.Path);

            // The process may have ended and its number may be another's by now.
            if (new NetworkIdentity(network.Device, network.Inode) == process.Network && InterfaceAddresses.Read(network).Intersect(pod.Addresses.Select(a => a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a)).Any())
            {
                return network;
            }

            doubt = $"a process of it lives in {process.Network}, which has none of its addresses {string.Join(", ", pod.Addresses)}";
        }
        catch (Exception gone) when (gone is LinuxException or IOException)
        {
            doubt = $"{process.Network} cannot be read: {gone.Message}";
        }

        network?.Dispose();
        return null;
    }
}
