using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Pods;

/// <summary>What the world is to be told of a pod: computed from what is, never from what was asked. Pure.</summary>
internal static class PodStatus
{
    /// <summary>The report that holds now; null when it is too early to say something else than before.</summary>
    public static PodReport? Wanted(PodEntry pod, PodAim aim, PodBookOptions options, TimeSpan now)
    {
        switch (aim)
        {
            case PodAim.Enrol when pod.IsProven && pod.Proxy == ZdsPodState.Served && pod.Guard != GuardState.Raised:
                return new PodReport(ReportedRedirection.Enabled, null);
            case PodAim.Enrol when pod.Network is null && (pod.Record.IsEnding || (pod.Reporting.Said is null && pod.Addresses.Count == 0)):
                // A sandbox that is not made yet, or is gone because the pod ends, is the course of things: every pod would get a warning at both ends.
                return null;
            case PodAim.Enrol:
                bool isStill = pod.Reporting.Said?.Redirection == ReportedRedirection.Enabled && now < pod.UnprovenSince + options.ReportGrace;
                bool isEarly = pod.Error is null && pod.Proxy == ZdsPodState.Unserved && now < pod.UnprovenSince + options.ServicePatience;
                string? why = isEarly ? null : Obstacle(pod);
                return isStill || why is null ? null : new PodReport(ReportedRedirection.Pending, why);
            case PodAim.Leave when IsClean(pod) || pod.Kernel == KernelState.Ending:
            case PodAim.Vanish:
                return new PodReport(ReportedRedirection.Absent, null);
            case PodAim.Leave:
                return pod.Error is null ? null : new PodReport(ReportedRedirection.Pending, "it is to leave the mesh, but " + pod.Error);
            default:
                return null;
        }
    }

    /// <summary>Whether nothing of ours is left in or around a pod that is to leave.</summary>
    public static bool IsClean(PodEntry pod) =>
        !pod.Note.IsWritten && !pod.Probes.IsOpen && (pod.Network is null ? !pod.WasEnrolled : pod.Kernel == KernelState.Absent && pod.Guard == GuardState.Absent && !pod.IsHeld);

    /// <summary>What keeps a pod from being proven, and what to do; null while everything takes its course.</summary>
    public static string? Obstacle(PodEntry pod)
    {
        if (pod.Error is not null)
        {
            return pod.Error;
        }

        if (pod.Network is null)
        {
            return pod.Addresses.Count == 0 ? "it has no address yet" : null;
        }

        return pod.Proxy switch
        {
            ZdsPodState.Refused => "ztunnel refused it: " + pod.Refusal,
            ZdsPodState.Unserved when pod.Kernel == KernelState.Absent && pod.Guard == GuardState.Absent && pod.Note.IsWritten =>
                "no ztunnel on this node serves it, and it goes on without the mesh, as AMBIENT_STRICT=false allows; see the ztunnel pod of this node",
            ZdsPodState.Unserved when pod.Kernel != KernelState.Unknown => "no ztunnel on this node serves it; see the ztunnel pod of this node",
            _ => null,
        };
    }

    /// <summary>How far a pod came, for a plugin whose time is up.</summary>
    public static string Stage(PodEntry pod, PodAim aim) => aim == PodAim.Hold
        ? "the labels of its namespace are not known to the agent yet"
        : Obstacle(pod) ?? pod.Step switch
        {
            PodStep.None => "waiting for ztunnel",
            PodStep.Inspect => "reading the sandbox's rules",
            PodStep.Remember => "writing down the sandbox",
            PodStep.Apply => "making the rules",
            PodStep.Prove => "proving the redirection",
            PodStep.LiftGuard => "lifting the guard",
            _ => "step " + pod.Step,
        };
}
