using System.Net;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>
/// Something that the book of pods wants done. Immutable. Steps are answered by <see cref="PodEvent.Done"/>, exactly once. The book waits for one step of a
/// pod at a time; one that it does not wait for any more may still be under way, and what is done in one namespace is done in the order of asking.
/// </summary>
public abstract record PodCommand
{
    private PodCommand()
    {
    }

    /// <summary>A step of a pod's way.</summary>
    public abstract record Step(string Uid, long Ticket) : PodCommand;

    /// <summary>A step inside a namespace.</summary>
    public abstract record InNetwork(string Uid, long Ticket, NetworkIdentity Network) : Step(Uid, Ticket);

    /// <summary>Find the pod's namespace, prove that it is the pod's, and hold it open.</summary>
    public sealed record Find(string Uid, long Ticket, PodRecord Pod) : Step(Uid, Ticket);

    /// <summary>Compare the rules and the guard in the namespace with what they should be.</summary>
    public sealed record Inspect(string Uid, long Ticket, NetworkIdentity Network, PodRules Rules) : InNetwork(Uid, Ticket, Network);

    /// <summary>Write down that the pod's kernel is going to be touched.</summary>
    public sealed record Remember(string Uid, long Ticket, PodMemory Memory) : Step(Uid, Ticket);

    /// <summary>Bring the rules to the model. Of a running pod that joins, connections that exist keep their way.</summary>
    public sealed record Apply(string Uid, long Ticket, NetworkIdentity Network, PodRules Rules, bool IsJoining) : InNetwork(Uid, Ticket, Network);

    /// <summary>Look from inside the pod: rules as they should be, listeners accept, and the pod still lives in this namespace.</summary>
    public sealed record Prove(string Uid, long Ticket, NetworkIdentity Network, PodRules Rules, PodRecord Pod) : InNetwork(Uid, Ticket, Network)
    {
        /// <summary>The runtime says at this moment that the pod lives there: nobody has to be asked, and nothing of it runs yet.</summary>
        public bool IsPlaceKnown { get; init; }
    }

    /// <summary>Let nothing pass to or from mesh peers.</summary>
    public sealed record RaiseGuard(string Uid, long Ticket, NetworkIdentity Network) : InNetwork(Uid, Ticket, Network);

    /// <summary>Take the guard away: the pod is proven.</summary>
    public sealed record LiftGuard(string Uid, long Ticket, NetworkIdentity Network) : InNetwork(Uid, Ticket, Network);

    /// <summary>Take rules and guard away: the pod left the mesh.</summary>
    public sealed record Remove(string Uid, long Ticket, NetworkIdentity Network, PodRules Rules) : InNetwork(Uid, Ticket, Network);

    /// <summary>Let new connections to the proxy wait instead of being refused: it has left, and another is expected.</summary>
    public sealed record Hold(string Uid, long Ticket, NetworkIdentity Network, PodRules Rules) : InNetwork(Uid, Ticket, Network);

    /// <summary>Let them wait no longer.</summary>
    public sealed record EndHold(string Uid, long Ticket, NetworkIdentity Network) : InNetwork(Uid, Ticket, Network);

    /// <summary>Let the node's probes reach the pod.</summary>
    public sealed record AdmitProbes(string Uid, long Ticket, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<int> Ports) : Step(Uid, Ticket);

    /// <summary>The pod's addresses need no probes any more.</summary>
    public sealed record WithdrawProbes(string Uid, long Ticket) : Step(Uid, Ticket);

    /// <summary>Nothing of ours is in the pod's kernel any more, or the pod is gone.</summary>
    public sealed record Forget(string Uid, long Ticket) : Step(Uid, Ticket);

    /// <summary>Hand the pod to ztunnels; without a namespace whoever has it keeps it.</summary>
    public sealed record Serve(string Uid, long Generation, PodMemory Pod, NetworkIdentity? Network) : PodCommand
    {
        /// <summary>The mark that was made for it; 0 for none.</summary>
        public uint Mark { get; init; }

        /// <inheritdoc/>
        public override string ToString() => $"Serve {Uid} {Network}";
    }

    /// <summary>Ask ztunnels once more.</summary>
    public sealed record ServeAgain(string Uid) : PodCommand;

    /// <summary>Take the pod from ztunnels.</summary>
    public sealed record Unserve(string Uid) : PodCommand;

    /// <summary>Give back one hold on the namespace: each successful search and each sandbox request is one.</summary>
    public sealed record Release(NetworkIdentity Network) : PodCommand;

    /// <summary>All pods are known: ztunnels may be told.</summary>
    public sealed record OpenGate : PodCommand;

    /// <summary>Ask the source about a pod that it has not told of.</summary>
    public sealed record LookUp(long Request, string Namespace, string Name, string Uid) : PodCommand;

    /// <summary>Answer the plugin.</summary>
    public sealed record Answer(long Request, SandboxAnswer Reply) : PodCommand;

    /// <summary>Tell the world about the pod; answered by <see cref="PodEvent.Reported"/>.</summary>
    public sealed record Report(string Uid, PodFacts Pod, PodReport Content) : PodCommand;
}
