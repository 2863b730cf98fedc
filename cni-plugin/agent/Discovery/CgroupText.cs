using System.Text.RegularExpressions;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>Reads a pod's UID and a container's id out of <c>/proc/*/cgroup</c> (cni-and-redirection.md 4.5). Pure.</summary>
public static partial class CgroupText
{
    /// <summary>
    /// The pod and container of a process; null what it does not say. False when its lines contradict each other: then it belongs to nobody.
    /// </summary>
    public static bool TryRead(string text, out string? podUid, out string? containerId, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        (podUid, containerId, error) = (null, null, null);
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            // hierarchy:controllers:path, and the path may hold colons itself.
            int first = line.IndexOf(':');
            int second = first < 0 ? -1 : line[(first + 1)..].IndexOf(':');
            if (second < 0)
            {
                continue;
            }

            string path = line[(first + second + 2)..].ToString();
            path = path.EndsWith(".scope", StringComparison.Ordinal) ? path[..^6] : path;
            if (Container().Match(path[(path.LastIndexOf('/') + 1)..]) is not { Success: true } container)
            {
                continue;
            }

            if (!Agree(ref containerId, container.Groups[1].Value))
            {
                error = $"multiple container IDs found in cgroups ({containerId}, {container.Groups[1].Value})";
                return false;
            }

            if (Pod().Match(path) is { Success: true } pod)
            {
                string uid = pod.Groups[1].Value.Replace('_', '-');
                if (!Agree(ref podUid, uid))
                {
                    error = $"multiple pod UIDs found in cgroups ({podUid}, {uid})";
                    return false;
                }
            }
        }

        return true;
    }

    private static bool Agree(ref string? known, string value)
    {
        known ??= value;
        return known == value;
    }

    [GeneratedRegex("^(?:[a-zA-Z-]+-)?([0-9a-f]{64})$")]
    private static partial Regex Container();

    // Static pods have the digest of their manifest for a UID.
    [GeneratedRegex(@"[^0-9A-Za-z]pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:[^0-9A-Za-z]|$)")]
    private static partial Regex Pod();
}
