namespace Ambient.Cni.Enrolment.Pods;

/// <summary>Phase of a pod, as its status says.</summary>
public enum PodPhase
{
    /// <summary>No phase known (a pod that was just created has none).</summary>
    Unknown,

    /// <summary>Accepted, containers not all started.</summary>
    Pending,

    /// <summary>At least one container runs.</summary>
    Running,

    /// <summary>All containers ended well.</summary>
    Succeeded,

    /// <summary>All containers ended, one of them badly.</summary>
    Failed,
}
