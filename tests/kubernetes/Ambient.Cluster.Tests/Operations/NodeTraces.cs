using Ambient.Rig.Clusters;
using Ambient.Rig.Nodes;

namespace Ambient.Cluster.Tests.Operations;

/// <summary>Everything that a mesh could leave on nodes, in pods and in the API, as text that is the same before and after.</summary>
internal static class NodeTraces
{
    private const string Cluster = "customresourcedefinitions,clusterroles,clusterrolebindings,priorityclasses,mutatingwebhookconfigurations,validatingwebhookconfigurations,namespaces";
    private const string Space = "configmaps,serviceaccounts,roles,rolebindings,leases,services,deployments,daemonsets,pods,networkpolicies";

    /// <summary>What is there now; a line for each thing.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(RigCluster cluster, IReadOnlyList<(string Node, string Address)> pods)
    {
        var lines = new List<string>();
        foreach (RigNode node in cluster.Nodes)
        {
            foreach (string folder in (string[])["etc/cni/net.d", "opt/cni/bin"])
            {
                lines.AddRange(Directory.GetFiles(Path.Combine(node.Folder, folder)).Order(StringComparer.Ordinal).Select(f => $"{node.Name} {folder}/{Path.GetFileName(f)}"));
            }

            lines.Add($"{node.Name} CNI: {await File.ReadAllTextAsync(Path.Combine(node.Folder, "etc/cni/net.d/10-pods.conflist"))}");
            lines.AddRange((await node.RunAsync("find", "/run/istio-cni", "/run/ztunnel", "-not", "-type", "d")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(f => $"{node.Name} {f}"));
            lines.AddRange((await node.RunAsync("nft", "list", "tables")).Output.Split('\n').Where(l => l.Contains("ambient", StringComparison.Ordinal)).Select(l => $"{node.Name} {l}"));
        }

        foreach ((string name, string address) in pods)
        {
            RigNode node = cluster.Nodes.Single(n => n.Name == name);
            string network = await node.NetworkOfAsync(address) ?? throw new InvalidOperationException($"{name} has no pod with {address}");
            foreach (string[] words in (string[][])[["nft", "list", "ruleset"], ["ip", "rule"], ["ip", "route", "show", "table", "100"], ["ss", "-Hlntu"]])
            {
                lines.AddRange((await node.RunInPodAsync(network, words[0], words[1..])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => $"{address}: {l.Trim()}"));
            }
        }

        lines.AddRange((await cluster.KubectlAsync("get", Cluster, "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        foreach (string space in (string[])["shop", "default", "kube-system"])
        {
            lines.AddRange((await cluster.KubectlAsync("-n", space, "get", Space, "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => space + " " + l));
        }

        lines.Add("annotations: " + await cluster.KubectlAsync("-n", "shop", "get", "pods", "-o", "jsonpath={.items[*].metadata.annotations}"));
        lines.Add("labels: " + await cluster.KubectlAsync("get", "namespace", "shop", "-o", "jsonpath={.metadata.labels}"));
        return lines;
    }
}
