namespace Ambient.Cni.Agent.Pods;

/// <summary>What is known of the redirection rules in a pod's kernel.</summary>
public enum KernelState
{
    /// <summary>Not looked at yet.</summary>
    Unknown = 0,

    /// <summary>None of ours.</summary>
    Absent = 1,

    /// <summary>Some, but not as they should be.</summary>
    Different = 2,

    /// <summary>As they should be.</summary>
    Applied = 3,

    /// <summary>The pod left: new connections are its own, those that its proxy carried go on until they end.</summary>
    Ending = 4,
}
