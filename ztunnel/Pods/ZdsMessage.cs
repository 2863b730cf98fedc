namespace Ambient.Ztunnel.Pods;

/// <summary>What the node agent asks for (ztunnel.md 8.2). Immutable.</summary>
public abstract record ZdsMessage
{
    private ZdsMessage()
    {
    }

    /// <summary>Start a proxy; the pod's network namespace comes as a descriptor beside the packet.</summary>
    /// <param name="Uid">Opaque identity of the pod.</param>
    /// <param name="Info">Who the pod is; its absence violates the protocol.</param>
    public sealed record Add(string Uid, ZdsWorkloadInfo? Info) : ZdsMessage
    {
        /// <summary>The mark of packets of this pod's proxy, a secret between agent and ztunnel; 0 leaves it to the settings.</summary>
        public uint Mark { get; init; }

        /// <inheritdoc/>
        public override string ToString() => "Add " + Uid;
    }

    /// <summary>Part of the snapshot: the pod lives, though the agent has no descriptor for it.</summary>
    /// <param name="Uid">Opaque identity of the pod.</param>
    public sealed record Keep(string Uid) : ZdsMessage;

    /// <summary>The pod is gone.</summary>
    /// <param name="Uid">Opaque identity of the pod.</param>
    public sealed record Delete(string Uid) : ZdsMessage;

    /// <summary>Our own agent's addition: whether this ztunnel is the one that the node's pods count on.</summary>
    /// <param name="Value">False: a newer one has all pods.</param>
    public sealed record Leads(bool Value) : ZdsMessage;

    /// <summary>Every pod of the node has been named.</summary>
    public sealed record SnapshotSent : ZdsMessage;
}
