namespace Ambient.Mesh.Policies;

/// <summary>To whom a policy applies (wire numbers).</summary>
public enum PolicyScope
{
    /// <summary>To all workloads.</summary>
    Global = 0,

    /// <summary>To the workloads of the policy's namespace.</summary>
    Namespace = 1,

    /// <summary>To workloads that list it.</summary>
    WorkloadSelector = 2,
}
