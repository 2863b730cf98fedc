using System.Runtime.CompilerServices;
using Ambient.Rig;
using Ambient.Rig.Clusters;
using Ambient.Rig.Nodes;
using Ambient.Testing.Facts;

namespace Ambient.Cluster.Tests;

/// <summary>A test on a real Kubernetes; skipped, with the reason, where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute(string tool = "", [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Tool = tool;
        Skip = Missing() ?? (tool.Length > 0 ? Requirement.MissingTools(tool) : null);
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>A further program that the test needs.</summary>
    public string Tool { get; }

    /// <summary>Why there can be no cluster here; null when there can.</summary>
    public static string? Missing() =>
        Requirement.MissingRoot()
        ?? Requirement.MissingTools("nft", "iptables", "conntrack", "tcpdump", "nsenter", "unshare", "/usr/lib/cni/bridge")
        ?? RigNode.Missing()
        ?? KubernetesBinaries.Missing(RigCluster.Programs.Split(", "));
}
