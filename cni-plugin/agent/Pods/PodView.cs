using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Pods;

/// <summary>One pod as the book sees it now. Immutable.</summary>
public sealed record PodView
{
    internal PodView(PodEntry pod, PodAim aim)
    {
        (Uid, Name, Aim, Network, Step) = (pod.Uid, pod.Record.FullName, aim, pod.Network, pod.Step);
        (Kernel, Guard, Proxy, IsProven) = (pod.Kernel, pod.Guard, pod.Proxy, pod.IsProven);
        (Reported, Obstacle) = (pod.Reporting.Said?.Redirection, PodStatus.Obstacle(pod));
        (HasProbes, IsRemembered) = (pod.Probes.IsOpen, pod.Note.IsWritten);
    }

    /// <summary>The pod's UID.</summary>
    public string Uid { get; }

    /// <summary>Namespace and name.</summary>
    public string Name { get; }

    /// <summary>Whether it is to be in the mesh.</summary>
    public bool IsWanted => Aim == PodAim.Enrol;

    /// <summary>Its network namespace, when known.</summary>
    public NetworkIdentity? Network { get; }

    /// <summary>Its rules.</summary>
    public KernelState Kernel { get; }

    /// <summary>Its guard.</summary>
    public GuardState Guard { get; }

    /// <summary>Whether a ztunnel serves it.</summary>
    public ZdsPodState Proxy { get; }

    /// <summary>Whether it is in the mesh, seen from inside.</summary>
    public bool IsProven { get; }

    /// <summary>What the world was told.</summary>
    public ReportedRedirection? Reported { get; }

    /// <summary>What keeps it from being proven.</summary>
    public string? Obstacle { get; }

    /// <summary>Whether the node's probes are let in.</summary>
    public bool HasProbes { get; }

    /// <summary>Whether it is written down.</summary>
    public bool IsRemembered { get; }

    internal PodAim Aim { get; }

    internal PodStep Step { get; }
}
