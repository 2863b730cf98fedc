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
                (known.IsRemembered, known.RememberedNetwork, known.WasEnrolled, known.HasProbes) = (true, memory.Network, true, true);
                known.RememberedAddresses = memory.Addresses;
                (known.Secret, known.RememberedMark, known.UsesMark) = (memory.Mark, memory.Mark, memory.Mark != 0);
                Advance(known);
                continue;
            }

            var record = new PodRecord
            {
                Facts = new PodFacts { Name = memory.Name, Namespace = memory.Namespace, Uid = memory.Uid, Annotations = memory.Annotations },
                ServiceAccount = memory.ServiceAccount,
                Addresses = memory.Addresses,
            };

            // Probes may have been let in before the restart: at the end they are shut out again.
            var pod = new PodEntry(record) { IsRecalled = true, RememberedAddresses = memory.Addresses, IsRemembered = true, RememberedNetwork = memory.Network, WasEnrolled = true, HasProbes = true, Secret = memory.Mark, RememberedMark = memory.Mark, UsesMark = memory.Mark != 0 };
            _pods.Add(memory.Uid, pod);
            Advance(pod);
        }
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

        // An annotation is a wish to be verified, never a truth.
        if (record.Annotation is not null && pod.Reported is null)
        {
            pod.WasEnrolled = true;
            pod.Reported = new PodReport(record.Annotation == "enabled" ? ReportedRedirection.Enabled : ReportedRedirection.Pending, null);
            pod.UnprovenSince = _now;
        }

        Advance(pod);
    }

    private void OnPodDeleted(string uid)
    {
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
        foreach (PodEntry pod in _pods.Values.Where(p => !uids.Contains(p.Uid)).ToArray())
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

    private void OnSandbox(SandboxRequest request)
    {
        PodEntry? pod = request.Uid.Length > 0
            ? _pods.GetValueOrDefault(request.Uid)
            : _pods.Values.SingleOrDefault(p => !p.IsDeleted && p.Record.Facts.Name == request.Name && p.Record.Facts.Namespace == request.Namespace);
        if (pod is null || pod.IsRecalled || AimOf(pod) == PodAim.Hold)
        {
            _unknown[request.Id] = request;
            _commands.Add(new PodCommand.LookUp(request.Id, request.Namespace, request.Name, request.Uid));
            return;
        }

        Settle(pod, request);
    }

    /// <summary>Gives a pod the sandbox that a request brought.</summary>
    private void Settle(PodEntry pod, SandboxRequest request)
    {
        _unknown.Remove(request.Id);
        if (pod.Record.Facts.Name != request.Name || pod.Record.Facts.Namespace != request.Namespace)
        {
            Refuse(request, $"the pod with UID {request.Uid} is {pod.Record.FullName}, not {request.Namespace}/{request.Name}");
            return;
        }

        if (pod.IsDeleted)
        {
            Refuse(request, $"pod {pod.Record.FullName} was deleted");
            return;
        }

        if (AimOf(pod) is PodAim.Leave or PodAim.Vanish && pod.Network != request.Network)
        {
            _commands.Add(new PodCommand.Release(request.Network));
            Reply(request.Id, SandboxVerdict.Outside, Decide(pod).Text);
            if (pod.Network is { } ended)
            {
                Leave(pod, ended, "it has got another sandbox");
            }

            return;
        }

        if (_owners.TryGetValue(request.Network, out string? owner) && owner != pod.Uid)
        {
            // Two pods cannot live in one sandbox: somebody is wrong, and we do not know who.
            Refuse(request, $"{request.Network} already belongs to pod {_pods[owner].Record.FullName}; delete whichever of them is stuck");
            return;
        }

        if (pod.Network != request.Network)
        {
            MoveTo(pod, request.Network);
            foreach (SandboxRequest older in pod.Waiting)
            {
                Reply(older.Id, SandboxVerdict.Failed, "the pod has got another sandbox meanwhile");
            }

            pod.Waiting.Clear();
        }
        else
        {
            // It is held already.
            _commands.Add(new PodCommand.Release(request.Network));
        }

        if (request.GuardRaised)
        {
            OnGuardRaised(pod);
        }

        pod.SandboxAddresses = request.Addresses;
        pod.WasEnrolled = true;
        pod.Waiting.Add(request);
        pod.RetryAt = TimeSpan.Zero;
        Advance(pod);
    }

    /// <summary>The plugin has just raised the guard, in a sandbox that was made this moment or, when an ADD comes twice, in one that may be at work.</summary>
    private void OnGuardRaised(PodEntry pod)
    {
        bool isInKernel = pod.Step is PodStep.Inspect or PodStep.Apply or PodStep.Prove or PodStep.RaiseGuard or PodStep.LiftGuard or PodStep.Remove;
        if (pod.Kernel == KernelState.Unknown && !isInKernel)
        {
            // Rules are made anew whatever is there, so nothing has to be read.
            (pod.Kernel, pod.Guard) = (KernelState.Absent, GuardState.Raised);
            return;
        }

        if (isInKernel)
        {
            // It may have looked before the guard went up, or lift it in this moment: nobody waits for what it says, the kernel is asked.
            (pod.Step, pod.Ticket) = (PodStep.None, ++_lastTicket);
        }

        Doubt(pod);
    }

    private void Refuse(SandboxRequest request, string text)
    {
        _commands.Add(new PodCommand.Release(request.Network));
        Reply(request.Id, SandboxVerdict.Failed, text);
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

    private void OnLookedUp(PodEvent.LookedUp lookedUp)
    {
        if (lookedUp.Namespace is { } facts)
        {
            _namespaces[facts.Name] = facts;
        }

        if (lookedUp.Pod is { } record)
        {
            OnPod(record);
        }

        if (!_unknown.Remove(lookedUp.Request, out SandboxRequest? request))
        {
            return;
        }

        if (lookedUp.Pod is { } found && _pods.TryGetValue(found.Uid, out PodEntry? pod) && (request.Uid.Length == 0 || request.Uid == found.Uid))
        {
            Settle(pod, request);
        }
        else
        {
            Refuse(request, lookedUp.Error ?? $"pod {request.Namespace}/{request.Name} with UID {request.Uid} is not known to the API server");
        }
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
