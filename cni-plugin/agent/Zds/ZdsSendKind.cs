namespace Ambient.Cni.Agent.Zds;

/// <summary>Messages of the agent.</summary>
internal enum ZdsSendKind
{
    /// <summary>A pod with its namespace.</summary>
    Add = 0,

    /// <summary>A pod whose namespace is not known: whoever has it keeps it.</summary>
    Keep = 1,

    /// <summary>A pod that is gone.</summary>
    Delete = 2,

    /// <summary>Every pod was named.</summary>
    SnapshotSent = 3,

    /// <summary>The pods count on this ztunnel (our own addition, to those that want to hear it).</summary>
    Leads = 4,

    /// <summary>A newer ztunnel has all pods (likewise).</summary>
    Succeeded = 5,
}
