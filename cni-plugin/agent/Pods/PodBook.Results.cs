namespace Ambient.Cni.Agent.Pods;

/// <summary>What the results of commands mean, and what is told to the plugin and to the world.</summary>
public sealed partial class PodBook
{
    private void OnDone(PodEvent.Done done)
    {
        if (!_pods.TryGetValue(done.Uid, out PodEntry? pod) || pod.Ticket != done.Ticket || pod.Step == PodStep.None)
        {
            // Of another namespace or of a pod that is gone. What a search opened nobody wants.
            if (done.Result.Network is { } stray)
            {
                _commands.Add(new PodCommand.Release(stray));
            }

            return;
        }

        PodStep step = pod.Step;
        pod.Step = PodStep.None;
        if (done.Result.Error is { } error)
        {
            OnFailed(pod, step, error);
        }
        else
        {
            pod.Error = null;
            OnSucceeded(pod, step, done.Result);
        }

        if (_pods.ContainsKey(pod.Uid))
        {
            Advance(pod);
        }
    }

    private void OnFailed(PodEntry pod, PodStep step, string error)
    {
        BackOff(pod, error);
        switch (step)
        {
            case PodStep.Find:
                pod.HasSearched = true;
                break;
            case PodStep.Prove:
                Doubt(pod);
                break;
            case PodStep.Hold:
                // A refusal is no harm, and whatever of it is there goes.
                (pod.HoldUntil, pod.IsHeld) = (TimeSpan.Zero, true);
                break;
            case PodStep.Apply or PodStep.Remove or PodStep.RaiseGuard or PodStep.LiftGuard:
                // Nobody knows how far it came: the kernel is asked again.
                (pod.Kernel, pod.Guard) = (KernelState.Unknown, GuardState.Unknown);
                break;
            default:
                break;
        }
    }

    private void OnSucceeded(PodEntry pod, PodStep step, StepResult result)
    {
        switch (step)
        {
            case PodStep.Find:
                OnFound(pod, result.Network);
                break;
            case PodStep.Inspect:
                (pod.Kernel, pod.Guard) = (result.Kernel, result.Guard);
                pod.IsHeld = result.IsHeld;
                pod.AppliedRules = result.Kernel == KernelState.Applied ? RulesOf(pod) : null;
                break;
            case PodStep.Remember:
                pod.Note.End();
                break;
            case PodStep.Apply:
                // Other rules than those that were proven.
                pod.UnprovenSince = pod.IsProven ? _now : pod.UnprovenSince;
                (pod.Kernel, pod.IsProven, pod.WasEnrolled) = (KernelState.Applied, false, true);
                break;
            case PodStep.Prove when result.Elsewhere is not null:
                Leave(pod, pod.Network!.Value, "the pod lives in another sandbox");
                break;
            case PodStep.Prove:
                (pod.IsProven, pod.ProvenAt, pod.Failures) = (true, _now, 0);
                break;
            case PodStep.RaiseGuard:
                pod.Guard = GuardState.Raised;
                break;
            case PodStep.LiftGuard:
                pod.Guard = GuardState.Absent;
                break;
            case PodStep.Remove when result.IsEnding:
                (pod.Kernel, pod.Guard, pod.IsHeld, pod.IsProven, pod.Failures) = (KernelState.Ending, GuardState.Absent, false, false, 0);
                pod.RetryAt = _now + _options.EndingInterval;
                break;
            case PodStep.Remove:
                (pod.Kernel, pod.Guard, pod.IsHeld, pod.IsProven, pod.Failures) = (KernelState.Absent, GuardState.Absent, false, false, 0);
                break;
            case PodStep.Hold:
                pod.IsHeld = true;
                break;
            case PodStep.EndHold:
                pod.IsHeld = false;
                break;
            case PodStep.AdmitProbes:
                pod.Failures = 0;
                pod.Probes.End();
                break;
            case PodStep.WithdrawProbes:
                pod.Probes.Close();
                break;
            default:
                pod.Note.Erase();
                break;
        }
    }

    private void OnFound(PodEntry pod, NetworkIdentity? found)
    {
        pod.HasSearched = true;
        if (found is not { } network)
        {
            BackOff(pod, "its network namespace was not found: no process of it runs in a namespace that has its addresses");
            return;
        }

        if (_owners.TryGetValue(network, out string? owner) && owner != pod.Uid)
        {
            _commands.Add(new PodCommand.Release(network));
            BackOff(pod, $"{network} was found for it, which belongs to pod {_pods[owner].Record.FullName} already");
            return;
        }

        // Whoever made it did not ask us (somebody had overwritten the CNI configuration): nothing it began by itself goes on.
        pod.WasEnrolled |= pod.IsAwaited;
        MoveTo(pod, network);
    }

    /// <summary>What was proven is not any more; the kernel is read again before anything is made.</summary>
    private void Doubt(PodEntry pod)
    {
        if (pod.IsProven)
        {
            pod.UnprovenSince = _now;
        }

        (pod.IsProven, pod.Kernel, pod.Guard) = (false, KernelState.Unknown, GuardState.Unknown);
    }

    private void BackOff(PodEntry pod, string? error)
    {
        double pause = _options.RetryPause.TotalMilliseconds * Math.Pow(2, Math.Min(pod.Failures++, 20));
        pod.RetryAt = _now + TimeSpan.FromMilliseconds(Math.Min(pause, _options.RetryLimit.TotalMilliseconds));
        pod.Error = error ?? pod.Error;
    }

    private void AnswerWaiting(PodEntry pod, PodAim aim)
    {
        if (pod.Waiting.Count == 0)
        {
            return;
        }

        SandboxVerdict? verdict = aim switch
        {
            PodAim.Enrol when pod.IsProven && pod.Guard == GuardState.Absent && AreProbesOnTheirWay(pod) => SandboxVerdict.Enrolled,
            PodAim.Leave when pod.Step == PodStep.None && pod.Kernel == KernelState.Absent && pod.Guard == GuardState.Absent && !pod.IsHeld => SandboxVerdict.Outside,
            _ => null,
        };
        if (verdict is { } reached)
        {
            bool mustBeConfirmed = reached == SandboxVerdict.Outside && DependsOnLabels(pod);
            foreach (SandboxRequest request in pod.Waiting.ToArray())
            {
                if (mustBeConfirmed && !request.IsConfirmed)
                {
                    Check(pod, request);
                    continue;
                }

                pod.Waiting.Remove(request);
                Reply(request.Id, reached, reached == SandboxVerdict.Enrolled ? "in the mesh" : Decide(pod).Text);
            }
        }
    }

    /// <summary>
    /// Probes are let in, or are just being: the kubelet probes containers that it makes after this answer, which takes longer. Where that has failed it is
    /// waited for.
    /// </summary>
    private static bool AreProbesOnTheirWay(PodEntry pod) =>
        pod.Probes.IsOpen ? pod.Step == PodStep.None : pod.Step == PodStep.AdmitProbes && pod.Failures == 0;

    private void Reply(long request, SandboxVerdict verdict, string text) => _commands.Add(new PodCommand.Answer(request, new SandboxAnswer(verdict, text)));

    private void ReportIfNews(PodEntry pod, PodAim aim)
    {
        if (pod.IsDeleted || !pod.Reporting.IsFree(_now))
        {
            return;
        }

        PodReport? wanted = PodStatus.Wanted(pod, aim, _options, _now);
        PodReport before = pod.Reporting.Said ?? new PodReport(ReportedRedirection.Absent, null);
        if (wanted is not null && wanted != before)
        {
            pod.Reporting.Begin(wanted);
            _commands.Add(new PodCommand.Report(pod.Uid, pod.Record.Facts, wanted));
        }
    }

    private void OnReported(PodEvent.Reported reported)
    {
        if (_pods.TryGetValue(reported.Uid, out PodEntry? pod) && pod.Reporting.End(reported, _options, _now))
        {
            // Somebody may have written after us, and the watch have told it first.
            pod.Reporting.Compare(pod.Record, _options, _now);
            Advance(pod);
        }
    }
}
