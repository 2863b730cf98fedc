namespace Ambient.Cni.Agent.Settings;

/// <summary>How the kubelet's probes reach pods of the mesh.</summary>
public enum ProbeMode
{
    /// <summary>Their source is translated on the node to an address that pods let in.</summary>
    Translate = 0,

    /// <summary>Pods let in the node's own address; nothing is done on the node. For networks that drop translated packets.</summary>
    NodeAddress = 1,

    /// <summary>Probes are treated as any other connection.</summary>
    Off = 2,

    /// <summary>Translated, but by the node's own address where the node's network is known to drop what is translated (Cilium).</summary>
    Automatic = 3,
}
