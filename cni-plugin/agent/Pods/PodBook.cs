using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>
/// The pods of a node: which belong to the mesh, how far each is on its way, and what must be done next. Pure: no I/O, no clock, no thread. One
/// writer, which hands in what was heard and does what comes out.
/// </summary>
/// <remarks>
/// Events change facts; afterwards each pod concerned is asked for its next step (<see cref="PodLane"/>). The book waits for at most one step of a pod; the
/// result of an older one, which may still be under way, is dropped by its ticket. So there is no order of events that must not happen.
/// </remarks>
public sealed partial class PodBook
{
    private readonly PodBookOptions _options;
    private readonly Dictionary<string, PodEntry> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NamespaceEntry> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<NetworkIdentity, string> _owners = [];
    private readonly TimeSpan _started;
    private List<PodCommand> _commands = [];
    private TimeSpan _now;
    private bool _areMarksUsed;
    private long _turn;
    private long _lastTicket;
    private long _lastGeneration;
    private bool _isSynced;
    private bool _isRecalled;
    private bool _isGateOpen;

    /// <summary>An empty book.</summary>
    public PodBook(PodBookOptions options, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _started, _now) = (options, now, now);
    }

    /// <summary>Whether the source has told everything at least once.</summary>
    public bool IsSynced => _isSynced;

    /// <summary>Whether ztunnels may be told.</summary>
    public bool IsGateOpen => _isGateOpen;

    /// <summary>Takes one event; what must be done because of it, in order.</summary>
    public IReadOnlyList<PodCommand> Apply(PodEvent heard, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(heard);
        _now = now;
        _commands = [];
        _turn++;
        switch (heard)
        {
            case PodEvent.Recalled recalled:
                OnRecalled(recalled.Pods);
                break;
            case PodEvent.PodChanged changed:
                OnPodTold(changed.Pod);
                break;
            case PodEvent.PodDeleted deleted:
                OnPodDeleted(deleted.Uid);
                break;
            case PodEvent.NamespaceChanged changed:
                OnNamespaceTold(changed.Facts);
                break;
            case PodEvent.NamespaceDeleted gone:
                // Its pods are deleted one by one; until then the last labels hold.
                if (_pods.Values.All(p => p.Record.Facts.Namespace != gone.Name))
                {
                    _namespaces.Remove(gone.Name);
                }

                break;
            case PodEvent.Synced synced:
                OnSynced(synced.Uids);
                break;
            case PodEvent.SandboxAdded added:
                OnSandbox(added.Request);
                break;
            case PodEvent.SandboxDeleted deleted:
                OnSandboxDeleted(deleted.Network);
                break;
            case PodEvent.LookedUp lookedUp:
                OnLookedUp(lookedUp);
                break;
            case PodEvent.ProxyAnswered answered:
                OnProxy(answered);
                break;
            case PodEvent.MarkUsed used:
                if (_pods.TryGetValue(used.Uid, out PodEntry? marked) && marked.Generation == used.Generation)
                {
                    marked.UsesMark = used.IsUsed;
                    _areMarksUsed = used.IsUsed;
                }

                break;
            case PodEvent.Done done:
                OnDone(done);
                break;
            case PodEvent.Reported reported:
                OnReported(reported);
                break;
            default:
                OnTick();
                break;
        }

        OpenGateWhenComplete();
        return _commands;
    }

    /// <summary>All pods as they are, for status pages, metrics and tests.</summary>
    public IReadOnlyList<PodView> List() => [.. _pods.Values.Select(p => new PodView(p, AimOf(p)))];

    private PodAim AimOf(PodEntry pod)
    {
        if (pod.IsDeleted)
        {
            return PodAim.Vanish;
        }

        // Nobody could tell us anything yet: what was in the mesh stays in it.
        if (pod.IsRecalled && !_isSynced)
        {
            return PodAim.Enrol;
        }

        EnrolmentDecision decision = Decide(pod);
        return decision.Verdict switch
        {
            EnrolmentVerdict.Enrol => PodAim.Enrol,
            EnrolmentVerdict.Unknown => PodAim.Hold,
            _ => decision.Reason == EnrolmentReason.Finished ? PodAim.Vanish : PodAim.Leave,
        };
    }

    private EnrolmentDecision Decide(PodEntry pod) =>
        EnrolmentRules.Decide(pod.Record.Facts, _namespaces.GetValueOrDefault(pod.Record.Facts.Namespace).Facts, _options.Enrolment);

    private PodRules RulesOf(PodEntry pod)
    {
        if (pod.Rules is null)
        {
            PodSettings settings = PodSettings.Read(pod.Record.Facts.Annotations);
            pod.Rules = new PodRules(settings, settings.DnsCapture ?? _options.DnsCapture, pod.Addresses) { Mark = pod.UsesMark ? pod.Secret : 0 };
        }

        return pod.Rules;
    }

    /// <summary>The watch tells a namespace, which may be behind what a look-up said.</summary>
    private void OnNamespaceTold(NamespaceFacts facts)
    {
        if (_namespaces.TryGetValue(facts.Name, out NamespaceEntry known) && known.IsHearsay && IsOlder(facts.Version, known.Facts.Version))
        {
            return;
        }

        _namespaces[facts.Name] = new NamespaceEntry(facts, _turn, IsHearsay: false);
        AdvanceNamespace(facts.Name);
    }

    private void AdvanceNamespace(string name)
    {
        foreach (PodEntry pod in _pods.Values.Where(p => p.Record.Facts.Namespace == name).ToArray())
        {
            Advance(pod);
        }
    }

    /// <summary>Asks for everything that follows from what is known of a pod now.</summary>
    private void Advance(PodEntry pod)
    {
        PodAim aim = AimOf(pod);
        Serve(pod, aim);
        PodStep step = PodLane.Next(pod, aim, RulesOf(pod), _options, _now);
        if (step != PodStep.None)
        {
            Begin(pod, step);
        }

        AnswerWaiting(pod, aim);
        ReportIfNews(pod, aim);
        if (aim == PodAim.Vanish && pod.Step == PodStep.None && !pod.Probes.IsOpen && !pod.Note.IsWritten)
        {
            Vanish(pod);
        }
        else if (aim == PodAim.Leave && pod.Step == PodStep.None && pod.Network is { } network && pod.Waiting.Count == 0 && PodStatus.IsClean(pod))
        {
            // Nothing is left to be done there: an open descriptor would keep a dead namespace alive.
            pod.WasEnrolled = false;
            Release(pod, network);
            pod.Move(null, ++_lastGeneration, ++_lastTicket);
            ReportIfNews(pod, aim);
        }
    }

    private void Serve(PodEntry pod, PodAim aim)
    {
        switch (aim)
        {
            case PodAim.Enrol when pod.Network is { } network && pod.ServedGeneration != pod.Generation:
                pod.ServedGeneration = pod.Generation;
                pod.IsKept = false;
                _commands.Add(new PodCommand.Serve(pod.Uid, pod.Generation, MemoryOf(pod, network), network) { Mark = SecretOf(pod) });
                break;
            case PodAim.Enrol when pod.Network is null && pod.WasEnrolled && !pod.IsKept && pod.ServedGeneration < 0:
                pod.IsKept = true;
                _commands.Add(new PodCommand.Serve(pod.Uid, pod.Generation, MemoryOf(pod, default), null));
                break;
            case PodAim.Leave when pod.Kernel != KernelState.Absent && pod.Network is { } network:
                // First the rules, then the proxy: else its connections would be refused. A ztunnel that is told anew keeps it until the last of them has ended.
                if (pod.Note.IsWritten && pod.ServedGeneration != pod.Generation)
                {
                    pod.ServedGeneration = pod.Generation;
                    pod.IsKept = false;
                    _commands.Add(new PodCommand.Serve(pod.Uid, pod.Generation, MemoryOf(pod, network), network) { Mark = SecretOf(pod) });
                }

                break;
            case PodAim.Leave when pod.Network is null && pod.Note.IsWritten && pod.Addresses.Count > 0:
                // It may have connections that its proxy carries: whoever has it keeps it until it is found.
                if (!pod.IsKept && pod.ServedGeneration < 0)
                {
                    pod.IsKept = true;
                    _commands.Add(new PodCommand.Serve(pod.Uid, pod.Generation, MemoryOf(pod, default), null));
                }

                break;
            case PodAim.Leave or PodAim.Vanish when pod.ServedGeneration >= 0 || pod.IsKept:
                Unserve(pod);
                break;
            default:
                break;
        }
    }

    private void Unserve(PodEntry pod)
    {
        if (pod.ServedGeneration >= 0 || pod.IsKept)
        {
            (pod.ServedGeneration, pod.IsKept, pod.Proxy, pod.Refusal) = (-1, false, ZdsPodState.Unserved, null);
            _commands.Add(new PodCommand.Unserve(pod.Uid));
        }
    }

    private void Begin(PodEntry pod, PodStep step)
    {
        pod.Step = step;
        long ticket = pod.Ticket = ++_lastTicket;
        NetworkIdentity network = pod.Network ?? default;
        PodRules rules = RulesOf(pod);
        _commands.Add(step switch
        {
            PodStep.Find => new PodCommand.Find(pod.Uid, ticket, Located(pod)),
            PodStep.Inspect => new PodCommand.Inspect(pod.Uid, ticket, network, rules),
            PodStep.Remember => new PodCommand.Remember(pod.Uid, ticket, MemoryOf(pod, network)),
            PodStep.Apply => new PodCommand.Apply(pod.Uid, ticket, network, rules, pod.Kernel is KernelState.Absent or KernelState.Ending && pod.Guard == GuardState.Absent),
            PodStep.Prove => new PodCommand.Prove(pod.Uid, ticket, network, rules, Located(pod)) { IsPlaceKnown = pod.Waiting.Count > 0 && !pod.IsProven },
            PodStep.RaiseGuard => new PodCommand.RaiseGuard(pod.Uid, ticket, network),
            PodStep.LiftGuard => new PodCommand.LiftGuard(pod.Uid, ticket, network),
            PodStep.Remove => new PodCommand.Remove(pod.Uid, ticket, network, rules),
            PodStep.Hold => new PodCommand.Hold(pod.Uid, ticket, network, rules),
            PodStep.EndHold => new PodCommand.EndHold(pod.Uid, ticket, network),
            PodStep.AdmitProbes => new PodCommand.AdmitProbes(pod.Uid, ticket, pod.Addresses, pod.Record.ProbePorts),
            PodStep.WithdrawProbes => new PodCommand.WithdrawProbes(pod.Uid, ticket),
            _ => new PodCommand.Forget(pod.Uid, ticket),
        });
        switch (step)
        {
            case PodStep.Apply:
                pod.AppliedRules = rules;
                break;
            case PodStep.Remember:
                pod.Note.Begin(pod.Network, rules.Mark);
                break;
            case PodStep.AdmitProbes:
                pod.Probes.Begin(pod.Addresses);
                break;
            default:
                break;
        }
    }

    private static PodRecord Located(PodEntry pod) => pod.Record with { Addresses = [.. pod.Addresses.Union(pod.Record.Addresses)] };

    private void Vanish(PodEntry pod)
    {
        Unserve(pod);
        if (pod.Network is { } network)
        {
            Release(pod, network);
            pod.Move(null, ++_lastGeneration, ++_lastTicket);
        }

        pod.WasEnrolled = false;
        if (pod.IsDeleted)
        {
            foreach (SandboxRequest request in pod.Waiting)
            {
                Reply(request.Id, SandboxVerdict.Failed, $"pod {pod.Record.FullName} was deleted meanwhile");
            }

            pod.Waiting.Clear();
            _pods.Remove(pod.Uid);
        }
    }

    private void Release(PodEntry pod, NetworkIdentity network)
    {
        if (_owners.TryGetValue(network, out string? owner) && owner == pod.Uid)
        {
            _owners.Remove(network);
            _commands.Add(new PodCommand.Release(network));
        }
    }

    /// <summary>The pod's mark; made when it is needed first.</summary>
    private uint SecretOf(PodEntry pod) => pod.Secret != 0 ? pod.Secret : pod.Secret = _options.NewMark();

    private static PodMemory MemoryOf(PodEntry pod, NetworkIdentity network) =>
        new(
            pod.Uid,
            pod.Record.Facts.Name,
            pod.Record.Facts.Namespace,
            pod.Record.ServiceAccount,
            pod.Addresses,
            PodSettings.Read(pod.Record.Facts.Annotations).ToAnnotations(),
            network)
        {
            Mark = pod.UsesMark ? pod.Secret : 0,
        };

    private void OpenGateWhenComplete()
    {
        // A snapshot that leaves out a pod would stop its proxy, so everything that may be in the mesh must have been looked for.
        bool isTold = _isSynced || (_isRecalled && _now >= _started + _options.SyncPatience);
        if (!_isGateOpen && isTold && _pods.Values.All(p => p.Network is not null || p.HasSearched || p.Addresses.Count == 0 || !(AimOf(p) == PodAim.Enrol || (p.Note.IsWritten && AimOf(p) == PodAim.Leave))))
        {
            _isGateOpen = true;
            _commands.Add(new PodCommand.OpenGate());
        }
    }
}
