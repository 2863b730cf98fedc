using System.Text.RegularExpressions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Discovery.Workloads;

/// <summary>What a workload is called (control-plane reference 1.2 and 1.4). Stateless.</summary>
internal static partial class WorkloadNames
{
    /// <summary>The workload that a pod belongs to, by its owner.</summary>
    internal static string OfPod(Pod pod)
    {
        StringMap labels = pod.Metadata.Labels;
        if (labels.Find("service.istio.io/workload-name") is { Length: > 0 } own)
        {
            return own;
        }

        OwnerReference? owner = pod.Metadata.OwnerReferences.FirstOrDefault(static reference => reference.Controller == true);
        if (owner is null || string.IsNullOrEmpty(pod.Metadata.GenerateName))
        {
            return pod.Metadata.Name;
        }

        return owner.Kind switch
        {
            "ReplicaSet" => WithoutHash(owner.Name, labels.Find("pod-template-hash")) ?? WithoutHash(owner.Name, labels.Find("rollouts-pod-template-hash")) ?? owner.Name,
            "ReplicationController" when labels.Find("deploymentconfig") is { Length: > 0 } config => config,
            "Job" when CronJob().Match(owner.Name) is { Success: true } match => match.Groups[1].Value,
            _ => owner.Name,
        };
    }

    /// <summary>The first of the labels that say it, else the workload's name.</summary>
    internal static string Canonical(StringMap labels, string workloadName) =>
        First(labels, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app") ?? workloadName;

    /// <summary>The first of the labels that say it, else <c>latest</c>.</summary>
    internal static string Revision(StringMap labels) =>
        First(labels, "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version") ?? "latest";

    private static string? First(StringMap labels, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (labels.Find(key) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return null;
    }

    private static string? WithoutHash(string name, string? hash) =>
        !string.IsNullOrEmpty(hash) && name.EndsWith("-" + hash, StringComparison.Ordinal) ? name[..^(hash.Length + 1)] : null;

    [GeneratedRegex("^(.+)-[0-9]{8,10}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex CronJob();
}
