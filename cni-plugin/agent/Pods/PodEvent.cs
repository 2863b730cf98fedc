using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>Something that the book of pods hears. Immutable.</summary>
public abstract record PodEvent
{
    private PodEvent()
    {
    }

    /// <summary>What the agent wrote down before it was restarted; the first event of all.</summary>
    public sealed record Recalled(IReadOnlyList<PodMemory> Pods) : PodEvent;

    /// <summary>A pod of this node came or changed.</summary>
    public sealed record PodChanged(PodRecord Pod) : PodEvent;

    /// <summary>A pod's object is gone.</summary>
    public sealed record PodDeleted(string Uid) : PodEvent;

    /// <summary>A namespace came or changed.</summary>
    public sealed record NamespaceChanged(NamespaceFacts Facts) : PodEvent;

    /// <summary>A namespace is gone.</summary>
    public sealed record NamespaceDeleted(string Name) : PodEvent;

    /// <summary>The source has told every pod and namespace there is; these are the pods.</summary>
    public sealed record Synced(IReadOnlyCollection<string> Uids) : PodEvent;

    /// <summary>The plugin asks for a new sandbox.</summary>
    public sealed record SandboxAdded(SandboxRequest Request) : PodEvent;

    /// <summary>A sandbox ended.</summary>
    public sealed record SandboxDeleted(NetworkIdentity Network) : PodEvent;

    /// <summary>What the source knows of a pod that a request named; either may be null.</summary>
    public sealed record LookedUp(long Request, PodRecord? Pod, NamespaceFacts? Namespace, string? Error) : PodEvent
    {
        /// <summary>The source says that there is no such pod, or another of its name.</summary>
        public bool IsGone { get; init; }
    }

    /// <summary>ztunnels said something about a pod.</summary>
    public sealed record ProxyAnswered(string Uid, long Generation, ZdsPodState State, string? Refusal) : PodEvent;

    /// <summary>Whether the ztunnels that serve a pod use the mark that was made for it.</summary>
    public sealed record MarkUsed(string Uid, long Generation, bool IsUsed) : PodEvent;

    /// <summary>A command ended.</summary>
    public sealed record Done(string Uid, long Ticket, StepResult Result) : PodEvent;

    /// <summary>A report was made, or was not.</summary>
    public sealed record Reported(string Uid, PodReport Report, string? Error) : PodEvent
    {
        /// <summary>Version of the pod's object as of which the world reads it; 0 where objects have none.</summary>
        public ulong Version { get; init; }
    }

    /// <summary>Time has passed.</summary>
    public sealed record Tick : PodEvent;
}
