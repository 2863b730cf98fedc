namespace Ambient.Cni.Agent.Pods;

/// <summary>Values of the redirection annotation (cni-and-redirection.md 1.4).</summary>
public enum ReportedRedirection
{
    /// <summary>No annotation: the pod is outside the mesh.</summary>
    Absent = 0,

    /// <summary>It belongs to the mesh and is not proven to be there.</summary>
    Pending = 1,

    /// <summary>It is in the mesh, proven.</summary>
    Enabled = 2,
}
