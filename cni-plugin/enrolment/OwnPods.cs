namespace Ambient.Cni.Enrolment;

/// <summary>Recognises the node agent's own pods, which must start without anybody's leave: only they can repair a node.</summary>
public static class OwnPods
{
    /// <summary>Prefixes of the DaemonSets' pods: upstream's and ours.</summary>
    public static IReadOnlyList<string> DefaultPrefixes { get; } = ["istio-cni-node-", "ambient-cni-node-"];

    /// <summary>Whether a pod is the agent's own: its namespace is the agent's and its name begins as the agent's pods do.</summary>
    public static bool Contains(string podName, string podNamespace, string agentNamespace, IEnumerable<string> prefixes)
    {
        ArgumentNullException.ThrowIfNull(podName);
        ArgumentNullException.ThrowIfNull(prefixes);
        return !string.IsNullOrEmpty(agentNamespace)
            && podNamespace == agentNamespace
            && prefixes.Any(p => p.Length > 0 && podName.Length > p.Length && podName.StartsWith(p, StringComparison.Ordinal));
    }
}
