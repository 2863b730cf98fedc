using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What the agent's commands do to the node.</summary>
internal sealed partial class NodeWorld
{
    private void Execute(int index)
    {
        PodCommand command = _pending[index];

        // Commands without a result take effect in order.
        if (Ordered(command))
        {
            index = _pending.FindIndex(Ordered);
            command = _pending[index];
        }

        _pending.RemoveAt(index);
        _history.Add(command.GetType().Name);
        switch (command)
        {
            case PodCommand.Find find:
                ApiPod? sought = _api.Values.SingleOrDefault(p => p.Uid == find.Uid && p.Started && find.Pod.Addresses.Contains(p.Address));
                if (sought?.Network is { } found)
                {
                    Hold(found);
                }

                Done(find.Uid, find.Ticket, StepResult.Ok with { Network = sought?.Network });
                break;
            case PodCommand.Inspect c:
                Touch(c.Uid, c.Ticket, c.Network, s => StepResult.Ok with { Kernel = s.Rules ? KernelState.Applied : KernelState.Absent, Guard = s.Guard ? GuardState.Raised : GuardState.Absent, IsHeld = s.IsHeld });
                break;
            case PodCommand.Apply c:
                Touch(c.Uid, c.Ticket, c.Network, s =>
                {
                    if (!s.Guard && !_everProxied.Contains(c.Network))
                    {
                        Fail("rules lead to where nobody listens yet, and no guard is up");
                    }

                    return Set(s, rules: true, guard: s.Guard);
                });
                break;
            case PodCommand.RaiseGuard c:
                Touch(c.Uid, c.Ticket, c.Network, s => Set(s, s.Rules, guard: true));
                break;
            case PodCommand.LiftGuard c:
                Touch(c.Uid, c.Ticket, c.Network, s =>
                {
                    if (!s.Rules || !_everProxied.Contains(c.Network))
                    {
                        Fail("the guard is lifted without proof");
                    }

                    return Set(s, s.Rules, guard: false);
                });
                break;
            case PodCommand.Hold c:
                Touch(c.Uid, c.Ticket, c.Network, s => SetHeld(s, true));
                break;
            case PodCommand.EndHold c:
                Touch(c.Uid, c.Ticket, c.Network, s => SetHeld(s, false));
                break;
            case PodCommand.Remove c:
                Touch(c.Uid, c.Ticket, c.Network, s => s.Pod.Namespace == "mesh" && !_wasRelabelled && !MayOpen(s) ? throw new InvalidOperationException("rules of a pod of the mesh are removed") : Set(s, false, false) with { IsEnding = _random.Next(3) == 0 && _proxied.Contains(c.Network) });
                break;
            case PodCommand.Prove c:
                Touch(c.Uid, c.Ticket, c.Network, s => s.Rules && _proxied.Contains(c.Network) ? StepResult.Ok : StepResult.Failed("nothing listens"));
                break;
            case PodCommand.Remember c:
                _disk[c.Uid] = c.Memory;
                Done(c.Uid, c.Ticket, StepResult.Ok);
                break;
            case PodCommand.Forget c:
                _disk.Remove(c.Uid);
                Done(c.Uid, c.Ticket, StepResult.Ok);
                break;
            case PodCommand.AdmitProbes c:
                _probes.Add(c.Uid);
                Done(c.Uid, c.Ticket, StepResult.Ok);
                break;
            case PodCommand.WithdrawProbes c:
                _probes.Remove(c.Uid);
                Done(c.Uid, c.Ticket, StepResult.Ok);
                break;
            default:
                ExecuteOutside(command);
                break;
        }
    }

    private void ExecuteOutside(PodCommand command)
    {
        switch (command)
        {
            case PodCommand.Serve c:
                if (c.Network is { } handed && !_open.ContainsKey(handed))
                {
                    Fail($"ztunnels are handed {handed}, which is closed");
                }

                _wanted[c.Uid] = (c.Generation, c.Network);
                break;
            case PodCommand.Unserve c:
                _acked.RemoveWhere(a => a.Uid == c.Uid);
                if (_wanted.Remove(c.Uid, out var old) && old.Network is { } network)
                {
                    _proxied.Remove(network);
                }

                break;
            case PodCommand.Release c:
                if (!_open.TryGetValue(c.Network, out int holds))
                {
                    Fail($"{c.Network} is closed twice");
                }

                _ = holds == 1 ? _open.Remove(c.Network) : (_open[c.Network] = holds - 1) > 0;
                break;
            case PodCommand.OpenGate:
                _gate = true;
                break;
            case PodCommand.Report c:
                if (_apiWorks && _api.TryGetValue(c.Uid, out ApiPod? pod))
                {
                    (pod.Annotation, pod.Version) = (c.Content.Redirection switch { ReportedRedirection.Enabled => "enabled", ReportedRedirection.Pending => "pending", _ => null }, ++_revision);
                }

                Tell(new PodEvent.Reported(c.Uid, c.Content, _apiWorks ? null : "API server: 503") { Version = _apiWorks && _api.TryGetValue(c.Uid, out ApiPod? told) ? told.Version : 0 });
                break;
            case PodCommand.LookUp c:
                ApiPod? known = _apiWorks ? _api.GetValueOrDefault(c.Uid) : null;
                _lookUps.Add(new PodEvent.LookedUp(c.Request, known is null ? null : RecordOf(known), _apiWorks ? Namespaces.Single(n => n.Name == c.Namespace) : null, _apiWorks ? null : "API server: 503") { IsGone = _apiWorks && known is null });
                break;
            case PodCommand.Answer c:
                Answered(c);
                break;
            default:
                break;
        }
    }

    private void Answered(PodCommand.Answer answer)
    {
        if (_api.Values.SingleOrDefault(p => p.Request == answer.Request) is not { } pod)
        {
            return;
        }

        _history.Add($"{pod.Uid}: {answer.Reply.Verdict} {answer.Reply.Text}");
        if (answer.Reply.Verdict == SandboxVerdict.Failed)
        {
            FailRequest(pod);
            return;
        }

        if ((answer.Reply.Verdict == SandboxVerdict.Enrolled) != (pod.Namespace == "mesh") && !_wasRelabelled)
        {
            Fail($"{pod.Uid} was answered {answer.Reply.Verdict}");
        }

        if (answer.Reply.Verdict == SandboxVerdict.Outside)
        {
            if (pod.WasInMeshSinceAdd)
            {
                Fail($"{pod.Uid} was answered Outside, and has been of the mesh ever since it asked");
            }

            // The plugin takes back its own guard.
            _sandboxes[pod.Network!.Value].Guard = false;
        }

        pod.Request = 0;
        Start(pod);
    }

    private void Hold(NetworkIdentity network) => _open[network] = _open.GetValueOrDefault(network) + 1;

    private static bool Ordered(PodCommand command) =>
        command is PodCommand.Serve or PodCommand.ServeAgain or PodCommand.Unserve or PodCommand.Release or PodCommand.OpenGate;

    /// <summary>It fails now and then, and nobody knows then how far it came.</summary>
    private StepResult SetHeld(Sandbox sandbox, bool isHeld)
    {
        bool fails = _random.Next(4) == 0;
        sandbox.IsHeld = fails && _random.Next(2) == 0 ? sandbox.IsHeld : isHeld;
        Holds += isHeld && sandbox.IsHeld ? 1 : 0;
        return fails ? StepResult.Failed("nft is killed") : StepResult.Ok;
    }

    private static StepResult Set(Sandbox sandbox, bool rules, bool guard)
    {
        (sandbox.Rules, sandbox.Guard, sandbox.IsHeld) = (rules, guard, sandbox.IsHeld && rules);
        return StepResult.Ok;
    }

    private void Touch(string uid, long ticket, NetworkIdentity network, Func<Sandbox, StepResult> action)
    {
        if (!_sandboxes.TryGetValue(network, out Sandbox? sandbox))
        {
            // Its processes are gone, but somebody holds it open: the pod is found elsewhere, or nowhere.
            ApiPod? pod = _api.GetValueOrDefault(uid);
            Done(uid, ticket, pod?.Network is { } elsewhere && pod.Started ? Elsewhere(elsewhere) : StepResult.Failed("no process of it is there"));
            return;
        }

        Done(uid, ticket, action(sandbox));
    }

    private StepResult Elsewhere(NetworkIdentity network)
    {
        return StepResult.Ok with { Elsewhere = network, Kernel = KernelState.Absent, Guard = GuardState.Absent };
    }

    private void Done(string uid, long ticket, StepResult result) => Tell(new PodEvent.Done(uid, ticket, result));
}
