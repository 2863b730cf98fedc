using System.Net;
using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Pods;

/// <summary>Everything the book knows of one pod. Used by the book only.</summary>
internal sealed class PodEntry(PodRecord record)
{
    public PodRecord Record
    {
        get;
        set => (field, Rules) = (value, null);
    } = record;

    /// <summary>What its redirection depends on, computed once; null after a change.</summary>
    public PodRules? Rules { get; set; }

    /// <summary>Known from memory alone: no source has told it since the start.</summary>
    public bool IsRecalled { get; set; }

    /// <summary>The turn in which the source said last what it is like.</summary>
    public long ToldAt { get; set; }

    /// <summary>A look-up said so, and the watch has not told as much yet.</summary>
    public bool IsHearsay { get; set; }

    /// <summary>When the source is asked whether it still is; of no meaning once the watch has told it.</summary>
    public TimeSpan AskAgainAt { get; set; }

    public bool IsDeleted { get; set; }

    /// <summary>It was in the mesh at some time: found naked, it is guarded.</summary>
    public bool WasEnrolled { get; set; }

    /// <summary>It was seen to be of the mesh before it had a sandbox: one that is found without an ADD was made past our plugin.</summary>
    public bool IsAwaited { get; set; }

    // Where it lives. Everything below the address is void when the namespace changes.
    public NetworkIdentity? Network { get; set; }

    public IReadOnlyList<IPAddress> SandboxAddresses
    {
        get;
        set => (field, Rules) = (value, null);
    } = [];

    /// <summary>Those that were written down before the agent was restarted: a kubelet that restarts as well reports pods without addresses for a while.</summary>
    public IReadOnlyList<IPAddress> RememberedAddresses
    {
        get;
        set => (field, Rules) = (value, null);
    } = [];

    public long Generation { get; set; }

    public bool HasSearched { get; set; }

    // What its kernel holds.
    public KernelState Kernel { get; set; }

    public GuardState Guard { get; set; }

    public PodRules? AppliedRules { get; set; }

    // What ztunnels said.
    public long ServedGeneration { get; set; } = -1;

    public bool IsKept { get; set; }

    public ZdsPodState Proxy { get; set; }

    public string? Refusal { get; set; }

    /// <summary>Since when no ztunnel has served it in this namespace; of no meaning while one does.</summary>
    public TimeSpan UnservedSince { get; set; }

    /// <summary>Until when new connections wait for the next proxy; in the past when they do not.</summary>
    public TimeSpan HoldUntil { get; set; }

    /// <summary>Whether they are held in the kernel.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The mark that was made for it; 0 while none was.</summary>
    public uint Secret { get; set; }

    /// <summary>Whether its ztunnels use that mark.</summary>
    public bool UsesMark
    {
        get;
        set => (field, Rules) = (value, null);
    }

    // Proof.
    public bool IsProven { get; set; }

    public TimeSpan ProvenAt { get; set; }

    /// <summary>Since when it has been without proof; the start of grace for its status.</summary>
    public TimeSpan UnprovenSince { get; set; }

    // Traces outside of the pod.
    public PodNote Note { get; } = new();

    public PodAdmission Probes { get; } = new();

    // The lane: one command at a time.
    public PodStep Step { get; set; }

    public long Ticket { get; set; }

    public int Failures { get; set; }

    public TimeSpan RetryAt { get; set; }

    public string? Error { get; set; }

    /// <summary>Its status.</summary>
    public PodReporting Reporting { get; } = new();

    /// <summary>Requests of the plugin that wait for this pod.</summary>
    public List<SandboxRequest> Waiting { get; } = [];

    public string Uid => Record.Uid;

    /// <summary>The pod's addresses: the sandbox's own, because a status may still be that of the sandbox before.</summary>
    public IReadOnlyList<IPAddress> Addresses => SandboxAddresses.Count > 0 ? SandboxAddresses : Record.Addresses.Count > 0 ? Record.Addresses : RememberedAddresses;

    /// <summary>Moves the pod to another namespace, or to none: what was known of the old one is void.</summary>
    public void Move(NetworkIdentity? network, long generation, long ticket)
    {
        // What is done to the old namespace is of no interest any more. What leaves traces outside of it is waited for: were it forgotten, a later
        // withdrawal could overtake it.
        if (Step is not (PodStep.Remember or PodStep.Forget or PodStep.AdmitProbes or PodStep.WithdrawProbes))
        {
            (Step, Ticket) = (PodStep.None, ticket);
        }

        Network = network;
        Generation = generation;
        Kernel = KernelState.Unknown;
        Guard = GuardState.Unknown;
        AppliedRules = null;
        Proxy = ZdsPodState.Unserved;
        Refusal = null;
        (HoldUntil, IsHeld) = (TimeSpan.Zero, false);
        IsProven = false;
        Failures = 0;
        RetryAt = TimeSpan.Zero;
        Error = null;
    }
}
