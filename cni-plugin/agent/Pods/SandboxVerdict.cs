namespace Ambient.Cni.Agent.Pods;

/// <summary>What became of a sandbox.</summary>
public enum SandboxVerdict
{
    /// <summary>It could not be taken into the mesh, and must not start.</summary>
    Failed = 0,

    /// <summary>It is in the mesh, proven.</summary>
    Enrolled = 1,

    /// <summary>It does not belong to the mesh.</summary>
    Outside = 2,
}
