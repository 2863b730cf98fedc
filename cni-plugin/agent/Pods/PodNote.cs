namespace Ambient.Cni.Agent.Pods;

/// <summary>What is written down of one pod: which namespace was touched, and the mark that its rules know the proxy by. Used by the book only.</summary>
internal sealed class PodNote
{
    private NetworkIdentity? _draftNetwork;
    private uint _draftMark;

    /// <summary>Whether there is one.</summary>
    public bool IsWritten { get; private set; }

    /// <summary>The namespace it speaks of.</summary>
    public NetworkIdentity? Network { get; private set; }

    /// <summary>The mark it speaks of; 0 for the well-known one.</summary>
    public uint Mark { get; private set; }

    /// <summary>An agent before us wrote it.</summary>
    public void Recall(PodMemory memory) => (IsWritten, Network, Mark) = (true, memory.Network, memory.Mark);

    /// <summary>It is being written, anew or over the last one.</summary>
    public void Begin(NetworkIdentity? network, uint mark) => (_draftNetwork, _draftMark) = (network, mark);

    /// <summary>What was begun is written.</summary>
    public void End() => (IsWritten, Network, Mark) = (true, _draftNetwork, _draftMark);

    /// <summary>It is gone.</summary>
    public void Erase() => (IsWritten, Network, Mark) = (false, null, 0);
}
