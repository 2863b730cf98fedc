using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Enrolment;

/// <summary>
/// The one place that decides whether a pod belongs to the mesh (cni-and-redirection.md 1.1). The agent asks here, everybody else asks
/// the agent. Pure. Thread-safe.
/// </summary>
public static class EnrolmentRules
{
    /// <summary>A pod that carries it, whatever its value, has a sidecar.</summary>
    public const string SidecarAnnotation = "sidecar.istio.io/status";

    /// <summary>The annotation in which the agent says what it did.</summary>
    public const string RedirectionAnnotation = "ambient.istio.io/redirection";

    /// <summary>
    /// Decides on a pod. <paramref name="namespaceFacts"/> is null when the namespace is not known; then the verdict is
    /// <see cref="EnrolmentVerdict.Unknown"/> unless the pod alone settles it. Addresses are no part of it: an eligible pod
    /// without one waits.
    /// </summary>
    public static EnrolmentDecision Decide(PodFacts pod, NamespaceFacts? namespaceFacts, EnrolmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(options);
        if (Exclusion(pod, options) is { } exclusion)
        {
            return new EnrolmentDecision(EnrolmentVerdict.Leave, exclusion, PodSettings.None);
        }

        // Labels of a namespace with another name say nothing about this pod.
        bool known = namespaceFacts is not null && namespaceFacts.Name == pod.Namespace;
        bool open = false;
        foreach (EnablementSelector pair in options.Selectors)
        {
            if (!pair.Pod.Matches(pod.Labels))
            {
                continue;
            }

            if (pair.Namespace.IsEverything || (known && pair.Namespace.Matches(namespaceFacts!.Labels)))
            {
                return new EnrolmentDecision(EnrolmentVerdict.Enrol, EnrolmentReason.Selected, PodSettings.Read(pod.Annotations));
            }

            open |= !known;
        }

        return open
            ? new EnrolmentDecision(EnrolmentVerdict.Unknown, EnrolmentReason.NamespaceUnknown, PodSettings.None)
            : new EnrolmentDecision(EnrolmentVerdict.Leave, EnrolmentReason.NotSelected, PodSettings.None);
    }

    private static EnrolmentReason? Exclusion(PodFacts pod, EnrolmentOptions options)
    {
        if (pod.HostNetwork)
        {
            return EnrolmentReason.HostNetwork;
        }

        if (OwnPods.Contains(pod.Name, pod.Namespace, options.AgentNamespace, options.AgentPodPrefixes))
        {
            return EnrolmentReason.AgentPod;
        }

        if (options.ExcludedNamespaces.Contains(pod.Namespace))
        {
            return EnrolmentReason.ExcludedNamespace;
        }

        if (pod.Annotations.ContainsKey(SidecarAnnotation))
        {
            return EnrolmentReason.Sidecar;
        }

        if (options.SystemNamespace.Length > 0 && pod.Namespace == options.SystemNamespace && pod.Labels.TryGetValue("app", out string? app) && app == "ztunnel")
        {
            return EnrolmentReason.ZtunnelPod;
        }

        return pod.Phase is PodPhase.Succeeded or PodPhase.Failed ? EnrolmentReason.Finished : null;
    }
}
