using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>What each event means.</summary>
public sealed partial class PodBook
{
    private void OnRecalled(IReadOnlyList<PodMemory> memories)
    {
        _isRecalled = true;
        foreach (PodMemory memory in memories)
        {
            if (_pods.TryGetValue(memory.Uid, out PodEntry? known))
            {
                Recall(known, memory);
                Advance(known);
                continue;
            }

            var record = new PodRecord
            {
                Facts = new PodFacts { Name = memory.Name, Namespace = memory.Namespace, Uid = memory.Uid, Annotations = memory.Annotations },
                ServiceAccount = memory.ServiceAccount,
                Addresses = memory.Addresses,
            };

            var pod = new PodEntry(record) { IsRecalled = true };
            Recall(pod, memory);
            _pods.Add(memory.Uid, pod);
            Advance(pod);
        }
    }

    private static void Recall(PodEntry pod, PodMemory memory)
    {
        pod.Note.Recall(memory);
        pod.Probes.Recall();
        (pod.WasEnrolled, pod.RememberedAddresses) = (true, memory.Addresses);
        (pod.Secret, pod.UsesMark) = (memory.Mark, memory.Mark != 0);
    }

    private void OnPod(PodRecord record)
    {
        if (_pods.TryGetValue(record.Uid, out PodEntry? pod))
        {
            pod.Record = record;
            pod.IsRecalled = false;
            pod.IsDeleted = false;
        }
        else
        {
            pod = new PodEntry(record);
            _pods.Add(record.Uid, pod);
        }

        if (record.Addresses.Count == 0 && pod.Network is null && record.Facts.Phase is PodPhase.Pending or PodPhase.Unknown && AimOf(pod) == PodAim.Enrol)
        {
            pod.IsAwaited = true;
        }

        if (record.Annotation is not null && pod.Reporting.Said is null)
        {
            // Copied to a pod of the node's network it is only taken away: nothing was ever done there.
            pod.WasEnrolled = !record.Facts.HostNetwork;
            pod.Reporting.Adopt(record);
            pod.UnprovenSince = _now;
        }

        pod.Reporting.Compare(record, _options, _now);

        Advance(pod);
    }

    /// <summary>The watch tells a pod, which may be behind what a look-up said.</summary>
    private void OnPodTold(PodRecord record)
    {
        if (_pods.TryGetValue(record.Uid, out PodEntry? pod) && pod.IsHearsay && IsOlder(record.Version, pod.Record.Version))
        {
            return;
        }

        OnPod(record);
        _pods[record.Uid].ToldAt = _turn;
        _pods[record.Uid].IsHearsay = false;
    }

    private void OnPodDeleted(string uid)
    {
        if (_questions.Count > 0)
        {
            _buried[uid] = _turn;
        }

        if (_pods.TryGetValue(uid, out PodEntry? pod))
        {
            pod.IsDeleted = true;
            pod.RetryAt = TimeSpan.Zero;
            Abandon(pod);
            Advance(pod);
        }
    }

    private void OnSynced(IReadOnlyCollection<string> uids)
    {
        _isSynced = true;
        foreach (PodEntry pod in _pods.Values.Where(p => !p.IsHearsay && !uids.Contains(p.Uid)).ToArray())
        {
            pod.IsDeleted = true;
            Abandon(pod);
        }

        foreach (PodEntry pod in _pods.Values.ToArray())
        {
            Advance(pod);
        }
    }

    /// <summary>A command under way for a pod that is gone is not waited for; its result is dropped.</summary>
    private void Abandon(PodEntry pod)
    {
        if (pod.Step is PodStep.Find or PodStep.Inspect or PodStep.Prove)
        {
            pod.Step = PodStep.None;
            pod.Ticket = ++_lastTicket;
        }
    }

    /// <summary>The plugin has just raised the guard, in a sandbox that was made this moment or, when an ADD comes twice, in one that may be at work.</summary>
    private void OnGuardRaised(PodEntry pod)
    {
        bool isInKernel = pod.Step is PodStep.Inspect or PodStep.Apply or PodStep.Prove or PodStep.RaiseGuard or PodStep.LiftGuard or PodStep.Remove;
        if (pod.Kernel == KernelState.Unknown && !isInKernel)
        {
            // Rules are made anew whatever is there, so nothing has to be read.
            (pod.Kernel, pod.Guard, pod.IsHeld) = (KernelState.Absent, GuardState.Raised, pod.Note.Network == pod.Network);
            return;
        }

        if (isInKernel)
        {
            // It may have looked before the guard went up, or lift it in this moment: nobody waits for what it says, the kernel is asked.
            (pod.Step, pod.Ticket) = (PodStep.None, ++_lastTicket);
        }

        Doubt(pod);
    }

    private void MoveTo(PodEntry pod, NetworkIdentity network)
    {
        if (pod.Network is { } old)
        {
            Release(pod, old);
        }

        pod.Move(network, ++_lastGeneration, ++_lastTicket);
        (pod.UnprovenSince, pod.UnservedSince) = (_now, _now);
        _owners[network] = pod.Uid;
    }

    private void OnSandboxDeleted(NetworkIdentity network)
    {
        if (_owners.TryGetValue(network, out string? uid) && _pods.TryGetValue(uid, out PodEntry? pod))
        {
            Leave(pod, network, "its sandbox ended");
        }
    }

    /// <summary>The pod lives somewhere else, or nowhere: the namespace is let go, the pod is looked for.</summary>
    private void Leave(PodEntry pod, NetworkIdentity network, string why)
    {
        foreach (SandboxRequest request in pod.Waiting)
        {
            Reply(request.Id, SandboxVerdict.Failed, why);
        }

        pod.Waiting.Clear();
        Unserve(pod);
        Release(pod, network);
        pod.Move(null, ++_lastGeneration, ++_lastTicket);
        pod.UnprovenSince = _now;
        pod.SandboxAddresses = [];
        pod.RetryAt = _now + _options.RetryPause;
        Advance(pod);
    }

    private void OnProxy(PodEvent.ProxyAnswered answered)
    {
        if (!_pods.TryGetValue(answered.Uid, out PodEntry? pod) || answered.Generation != pod.Generation || pod.Network is null)
        {
            return;
        }

        if (pod.Proxy == ZdsPodState.Served && answered.State != ZdsPodState.Served)
        {
            pod.UnservedSince = _now;
            if (pod.IsProven && answered.State == ZdsPodState.Unserved)
            {
                // Who may go on in plaintext after a while does not wait for longer.
                bool isStrict = PodLane.IsStrict(pod, RulesOf(pod), _options);
                pod.HoldUntil = _now + (isStrict || _options.HoldFor < _options.OpenAfter ? _options.HoldFor : _options.OpenAfter);
            }

            Doubt(pod);
        }

        (pod.Proxy, pod.Refusal) = (answered.State, answered.Refusal);
        if (answered.State == ZdsPodState.Refused)
        {
            BackOff(pod, null);
        }

        Advance(pod);
    }

    private void GiveUpLate(PodEntry pod)
    {
        foreach (SandboxRequest request in pod.Waiting.Where(r => _now >= r.Deadline).ToArray())
        {
            pod.Waiting.Remove(request);
            Reply(request.Id, SandboxVerdict.Failed, "not in the mesh in time: " + PodStatus.Stage(pod, AimOf(pod)));
        }
    }

    private void OnTick()
    {
        foreach (SandboxRequest request in _unknown.Values.Where(r => _now >= r.Deadline).ToArray())
        {
            _unknown.Remove(request.Id);
            Refuse(request, "the API server did not say in time whether the pod belongs to the mesh");
        }

        foreach (PodEntry pod in _pods.Values.ToArray())
        {
            AskAgain(pod);
            if (pod.Waiting.Count > 0)
            {
                GiveUpLate(pod);
            }

            if (pod.Proxy == ZdsPodState.Refused && _now >= pod.RetryAt && AimOf(pod) == PodAim.Enrol)
            {
                BackOff(pod, null);
                _commands.Add(new PodCommand.ServeAgain(pod.Uid));
            }

            Advance(pod);
        }
    }
}
