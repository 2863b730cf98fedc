using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Enrolment;

/// <summary>The decision on one pod, and why. Immutable.</summary>
public sealed record EnrolmentDecision(EnrolmentVerdict Verdict, EnrolmentReason Reason, PodSettings Settings)
{
    /// <summary>Whether the pod belongs to the mesh.</summary>
    public bool IsEnrolled => Verdict == EnrolmentVerdict.Enrol;

    /// <summary>One clause for operators.</summary>
    public string Text => Reason switch
    {
        EnrolmentReason.NamespaceUnknown => "the labels of its namespace are not known yet",
        EnrolmentReason.Selected => "selected by its labels or its namespace's",
        EnrolmentReason.NotSelected => "no enablement selector matches",
        EnrolmentReason.HostNetwork => "it uses the node's network",
        EnrolmentReason.Sidecar => "it has a sidecar (annotation " + EnrolmentRules.SidecarAnnotation + ")",
        EnrolmentReason.ExcludedNamespace => "its namespace is excluded",
        EnrolmentReason.AgentPod => "it is the node agent's own pod",
        EnrolmentReason.ZtunnelPod => "it is ztunnel's pod",
        _ => "it has ended",
    };
}
