using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Cli.Explaining;

/// <summary>Finds who is meant by an operator's words. Pure.</summary>
internal static class PartyFinder
{
    /// <summary>A workload by <c>namespace/name</c>, <c>name.namespace</c>, uid or address. Of several with a name's beginning (a Deployment's) the first.</summary>
    public static bool TryFindWorkload(MeshView view, string network, string words, [NotNullWhen(true)] out Workload? workload, [NotNullWhen(false)] out string? error)
    {
        workload = view.FindWorkloadByUid(words);
        if (workload is null && IpAddress.TryParse(words, out IpAddress address))
        {
            workload = view.FindWorkload(new NetworkAddress(network, address));
        }
        else if (workload is null && Split(words) is var (space, name))
        {
            workload = view.WorkloadsByUid.FirstOrDefault(w => w.Namespace == space && w.Name == name)
                ?? view.WorkloadsByUid.FirstOrDefault(w => w.Namespace == space && (w.WorkloadName == name || w.CanonicalName == name));
        }

        error = workload is null ? $"'{words}' is no workload that the proxy knows; say namespace/pod, pod.namespace, an address or a uid (ambientctl ztunnel-config workload lists them)" : null;
        return workload is not null;
    }

    /// <summary>A Service by host name, <c>namespace/name</c> or <c>name.namespace</c>; null when there is none.</summary>
    public static Service? FindService(MeshView view, string words, string clientNamespace)
    {
        if (view.ChooseServiceByHost(words, clientNamespace) is { } named)
        {
            return named;
        }

        return Split(words) is var (space, name)
            ? view.ServicesByHostname.FirstOrDefault(s => s.Namespace == space && (s.Name == name || s.Hostname == name))
            : view.ServicesByHostname.FirstOrDefault(s => s.Namespace == clientNamespace && s.Name == words);
    }

    private static (string Namespace, string Name)? Split(string words)
    {
        if (words.IndexOf('/', StringComparison.Ordinal) is > 0 and int slash)
        {
            return (words[..slash], words[(slash + 1)..]);
        }

        string text = words.EndsWith(".svc", StringComparison.Ordinal) ? words[..^4] : words;
        return text.LastIndexOf('.') is > 0 and int dot ? (text[(dot + 1)..], text[..dot]) : null;
    }
}
