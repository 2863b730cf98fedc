using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Pods;

/// <summary>
/// What to do next for one pod: a pure function of what is known, so that it does not matter in which order things were learnt or how often
/// the agent was restarted in between.
/// </summary>
/// <remarks>
/// A pod whose proxy has left: new connections wait for the next one, for a while.
/// In: find the namespace → hand it to ztunnels → read its kernel → (found naked although it was in the mesh: guard) → wait for the proxy → write
/// down → rules → proof from inside → lift the guard → let probes in. The proxy listens before the rules lead to it, so that a running pod joins
/// without a refused connection; a new one is guarded by the plugin until it is proven, so its rules need not wait for the proxy.
/// Out: rules and guard first, then the proxy, then what was written down.
/// </remarks>
internal static class PodLane
{
    /// <summary>The next step; None when there is nothing to do but to wait.</summary>
    public static PodStep Next(PodEntry pod, PodAim aim, PodRules rules, PodBookOptions options, TimeSpan now)
    {
        if (pod.Step != PodStep.None || now < pod.RetryAt)
        {
            return PodStep.None;
        }

        return aim switch
        {
            PodAim.Enrol => Enrol(pod, rules, options, now),
            PodAim.Leave => Leave(pod),
            PodAim.Vanish => Vanish(pod),
            _ => PodStep.None,
        };
    }

    private static PodStep Enrol(PodEntry pod, PodRules rules, PodBookOptions options, TimeSpan now)
    {
        if (pod.Network is null)
        {
            // A pod without addresses cannot be told from another: its status or its ADD will bring them.
            return pod.Addresses.Count > 0 ? PodStep.Find : PodStep.None;
        }

        // Before everything else: each moment counts, for those who would be refused and for those who wait.
        bool holds = pod.Proxy != ZdsPodState.Served && now < pod.HoldUntil && pod.Kernel != KernelState.Absent;
        if (holds != pod.IsHeld)
        {
            return holds ? PodStep.Hold : PodStep.EndHold;
        }

        if (pod.Kernel == KernelState.Unknown || pod.Guard == GuardState.Unknown)
        {
            return PodStep.Inspect;
        }

        bool applied = pod.Kernel == KernelState.Applied && rules.Equals(pod.AppliedRules);
        bool isNaked = pod.Kernel == KernelState.Absent || (pod.Kernel == KernelState.Different && pod.Proxy != ZdsPodState.Served);
        bool isStrict = IsStrict(pod, rules, options);
        if (isNaked && pod.WasEnrolled && isStrict && pod.Guard == GuardState.Absent)
        {
            // Nothing says yet that this pod was touched: were we restarted now, its guard would be nobody's. A note that cannot be written does not keep it open.
            return pod.IsAwaited && pod.Note.Network != pod.Network && pod.Failures == 0 ? PodStep.Remember : PodStep.RaiseGuard;
        }

        if (pod.Proxy != ZdsPodState.Served)
        {
            // Rules stay, and lead nowhere: closed. Unless the operator prefers plaintext to silence, for a pod that was in the mesh before.
            bool opens = !isStrict && pod.Waiting.Count == 0 && pod.Note.Network == pod.Network && now >= pod.UnservedSince + options.OpenAfter;
            if (opens && (pod.Kernel != KernelState.Absent || pod.Guard != GuardState.Absent))
            {
                return PodStep.Remove;
            }

            // Behind its guard nothing passes whatever its rules are, so they are made while ztunnel takes it; a pod that starts waits for the slower of both.
            return pod.Guard == GuardState.Raised && pod.Waiting.Count > 0 ? Write(pod, applied, rules) : PodStep.None;
        }

        if (Write(pod, applied, rules) is var writing and not PodStep.None)
        {
            return writing;
        }

        if (!pod.IsProven)
        {
            return PodStep.Prove;
        }

        if (pod.Guard == GuardState.Raised)
        {
            return PodStep.LiftGuard;
        }

        if (!pod.Probes.IsOpenTo(pod.Addresses))
        {
            return PodStep.AdmitProbes;
        }

        return now >= pod.ProvenAt + Spread(pod.Uid, options.ProofInterval) ? PodStep.Prove : PodStep.None;
    }

    /// <summary>First what is going to be touched is written down, then it is.</summary>
    private static PodStep Write(PodEntry pod, bool applied, PodRules rules) =>
        pod.Note.Network != pod.Network || pod.Note.Mark != rules.Mark ? PodStep.Remember
        : applied ? PodStep.None
        : PodStep.Apply;

    /// <summary>Whether a pod without a proxy stays closed, however long that takes.</summary>
    public static bool IsStrict(PodEntry pod, PodRules rules, PodBookOptions options) => options.Strict || pod.Record.IsStrict || rules.Settings.IsStrict;

    /// <summary>Between 75 and 125 % of the interval, each pod its own: else all pods of a node would be proven in the same moment for ever.</summary>
    private static TimeSpan Spread(string uid, TimeSpan interval)
    {
        uint hash = 2166136261;
        foreach (char c in uid)
        {
            hash = (hash ^ c) * 16777619;
        }

        return interval * (0.75 + (0.5 * (hash % 1000) / 1000));
    }

    private static PodStep Leave(PodEntry pod)
    {
        if (pod.Network is null)
        {
            // Only a pod that was touched has anything to be removed.
            return pod.WasEnrolled || pod.Note.IsWritten
                ? pod.Addresses.Count > 0 ? PodStep.Find : PodStep.None
                : Traces(pod);
        }

        if (pod.IsHeld)
        {
            return PodStep.EndHold;
        }

        if (pod.Kernel == KernelState.Ending && pod.Probes.IsOpen)
        {
            return PodStep.WithdrawProbes;
        }

        return pod.Kernel != KernelState.Absent || pod.Guard != GuardState.Absent ? PodStep.Remove : Traces(pod);
    }

    private static PodStep Vanish(PodEntry pod) => Traces(pod);

    private static PodStep Traces(PodEntry pod) =>
        pod.Probes.IsOpen ? PodStep.WithdrawProbes : pod.Note.IsWritten ? PodStep.Forget : PodStep.None;
}
