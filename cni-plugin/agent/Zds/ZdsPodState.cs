namespace Ambient.Cni.Agent.Zds;

/// <summary>Whether a ztunnel serves a pod.</summary>
public enum ZdsPodState
{
    /// <summary>No connected ztunnel has acknowledged the pod's present namespace.</summary>
    Unserved = 0,

    /// <summary>At least one connected ztunnel has.</summary>
    Served = 1,

    /// <summary>None has, and the newest answer was a refusal.</summary>
    Refused = 2,
}
