using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Pods;

/// <summary>One pod as the book sees it now. Immutable.</summary>
public sealed record PodView
{
    internal PodView(
        string uid, string name, PodAim aim, NetworkIdentity? network, KernelState kernel, GuardState guard, ZdsPodState proxy, bool isProven, PodStep step, ReportedRedirection? reported, string? obstacle, bool hasProbes, bool isRemembered)
    {
        (Uid, Name, Aim, Network, Kernel, Guard, Proxy) = (uid, name, aim, network, kernel, guard, proxy);
        (IsProven, Step, Reported, Obstacle, HasProbes, IsRemembered) = (isProven, step, reported, obstacle, hasProbes, isRemembered);
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
