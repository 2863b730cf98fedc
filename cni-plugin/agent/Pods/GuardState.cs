namespace Ambient.Cni.Agent.Pods;

/// <summary>What is known of the fail-closed guard in a pod's kernel.</summary>
public enum GuardState
{
    /// <summary>Not looked at yet.</summary>
    Unknown = 0,

    /// <summary>Not there.</summary>
    Absent = 1,

    /// <summary>There: nothing passes to or from mesh peers.</summary>
    Raised = 2,
}
