using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>
/// A node in a few dictionaries: kernels of sandboxes, a kubelet that calls the plugin, a ztunnel, an API server, a disk, and an agent that may die
/// at any moment with commands half done. Every action is chosen by a seed; after each, what must never happen is checked.
/// </summary>
internal sealed partial class NodeWorld
{
    private static readonly Dictionary<string, string> NoAnnotations = [], AsksToBeStrict = new() { [PodSettings.WithoutProxyAnnotation] = "strict" };
    private readonly Random _random;
    private readonly string _story;
    private readonly List<string> _history = [];
    private readonly Dictionary<string, ApiPod> _api = [];
    private readonly Dictionary<NetworkIdentity, Sandbox> _sandboxes = [];
    private readonly Dictionary<string, PodMemory> _disk = [];
    private readonly HashSet<string> _probes = [];
    private readonly List<PodCommand> _pending = [];
    private readonly List<string> _untold = [];
    private readonly Dictionary<string, (long Generation, NetworkIdentity? Network)> _wanted = [];
    private readonly HashSet<NetworkIdentity> _proxied = [];
    private readonly HashSet<NetworkIdentity> _everProxied = [];
    private readonly HashSet<(string Uid, long Generation)> _acked = [];
    private readonly Dictionary<NetworkIdentity, int> _open = [];
    private PodBook? _book;
    private TimeSpan _now = TimeSpan.FromHours(1);
    private ulong _lastInode = 100;
    private long _lastRequest;
    private bool _ztunnel = true;
    private bool _apiWorks = true;
    private bool _conflistIsOurs = true;
    private bool _gate;
    private bool _isLabelled = true;
    private bool _wasRelabelled;
    private bool _isLabelTold = true;
    private readonly bool _isStrict;

    public NodeWorld(int seed, string story, bool isStrict = true)
    {
        _isStrict = isStrict;
        (_random, _story) = (new Random(seed), $"seed {seed}, {story}");
        foreach ((string uid, string ns) in new[] { ("a", "mesh"), ("b", "mesh"), ("out", "plain") })
        {
            _api[uid] = new ApiPod(uid, ns);
        }

        StartAgent();
    }

    private NamespaceFacts[] Namespaces =>
    [
        new("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = _isLabelled ? "ambient" : "other" }),
        new("plain", new Dictionary<string, string>()),
    ];

    public void Do(Fault fault)
    {
        _history.Add("!" + fault);
        switch (fault)
        {
            case Fault.SandboxRestart:
                EndSandbox(_api["a"], tellAgent: _conflistIsOurs && _random.Next(2) == 0);
                break;
            case Fault.AgentRestart:
                StartAgent();
                break;
            case Fault.ProxyRestart:
                EndZtunnel();
                break;
            case Fault.ConflistOverwritten:
                _conflistIsOurs = false;
                break;
            case Fault.ApiError:
                _apiWorks = false;
                break;
            case Fault.Relabelled:
                (_isLabelled, _wasRelabelled, _isLabelTold) = (!_isLabelled, true, false);
                break;
            default:
                if (_api.TryGetValue("b", out ApiPod? pod))
                {
                    _api.Remove("b");
                    EndSandbox(pod, tellAgent: _conflistIsOurs);
                    _untold.Add("b");
                }

                break;
        }

        Check();
    }

    /// <summary>Some things happen, but not all.</summary>
    public void Run(int actions)
    {
        for (int i = 0; i < actions; i++)
        {
            Act();
            Check();
        }
    }

    /// <summary>All faults end; the node must come to rest with every pod where it belongs.</summary>
    public void Settle()
    {
        (_apiWorks, _ztunnel) = (true, true);
        for (int i = 0; i < 3000; i++)
        {
            Act();
            Check();
            if (_pending.Count == 0 && i > 60 && Complaint() is null)
            {
                return;
            }
        }

        Fail(Complaint() ?? "commands never end");
    }

    private void Act()
    {
        switch (_random.Next(8))
        {
            case 0 or 1 or 2 when _pending.Count > 0:
                Execute(_random.Next(_pending.Count));
                break;
            case 3 when !_ztunnel:
                _ztunnel = true;
                break;
            case 3:
                TellZtunnel();
                break;
            case 4:
                Kubelet();
                break;
            case 5 when _apiWorks && _untold.Count > 0:
                string uid = _untold[0];
                _untold.RemoveAt(0);
                Tell(_api.TryGetValue(uid, out ApiPod? pod) ? new PodEvent.PodChanged(RecordOf(pod)) : new PodEvent.PodDeleted(uid));
                break;
            case 5 when _apiWorks && !_isLabelTold:
                _isLabelTold = true;
                Tell(new PodEvent.NamespaceChanged(Namespaces[0]));
                break;
            case 6 when !_conflistIsOurs:
                // The installer heals what others overwrite.
                _conflistIsOurs = true;
                break;
            default:
                _now += TimeSpan.FromMilliseconds(_random.Next(20) == 0 ? _random.Next(15_000) : _random.Next(100));
                Tell(new PodEvent.Tick());
                break;
        }
    }

    private void StartAgent()
    {
        // Whoever waits for an answer hears that the socket broke.
        _pending.Clear();
        _wanted.Clear();
        _acked.Clear();
        _open.Clear();
        _gate = false;
        foreach (ApiPod pod in _api.Values)
        {
            FailRequest(pod);
        }

        _book = new PodBook(new PodBookOptions { Strict = _isStrict }, _now);
        Tell(new PodEvent.Recalled([.. _disk.Values]));
        _untold.Clear();
        if (_apiWorks)
        {
            List();
        }
    }

    private void List()
    {
        foreach (NamespaceFacts facts in Namespaces)
        {
            Tell(new PodEvent.NamespaceChanged(facts));
        }

        foreach (ApiPod pod in _api.Values.ToArray())
        {
            Tell(new PodEvent.PodChanged(RecordOf(pod)));
        }

        Tell(new PodEvent.Synced([.. _api.Keys]));
    }

    private void Tell(PodEvent heard)
    {
        if (heard is PodEvent.Tick && _apiWorks && !_book!.IsSynced)
        {
            List();
        }

        _pending.AddRange(_book!.Apply(heard, _now));
    }

    private PodRecord RecordOf(ApiPod pod) => new()
    {
        Facts = new PodFacts { Name = pod.Uid, Namespace = pod.Namespace, Uid = pod.Uid, Phase = pod.Started ? PodPhase.Running : PodPhase.Pending, Annotations = pod.Uid == "a" ? AsksToBeStrict : NoAnnotations },
        IsStrict = _isStrict,
        Addresses = pod.Started ? [pod.Address] : [],
        Annotation = pod.Annotation,
    };

    /// <summary>Makes sandboxes where they are missing, through whatever chain is configured.</summary>
    private void Kubelet()
    {
        foreach (ApiPod pod in _api.Values.Where(p => p.Network is null).ToArray())
        {
            var network = new NetworkIdentity(4, ++_lastInode);
            var sandbox = new Sandbox(pod) { IsBypassed = !_conflistIsOurs };
            _sandboxes[network] = sandbox;
            pod.Network = network;
            pod.Address = IPAddress.Parse("10.0.0." + (_lastInode % 250));
            if (!_conflistIsOurs)
            {
                Start(pod);
                continue;
            }

            sandbox.Guard = pod.Namespace == "mesh";
            pod.Request = ++_lastRequest;
            Hold(network);
            _history.Add($"ADD {pod.Uid} {network}");
            Tell(new PodEvent.SandboxAdded(new SandboxRequest(
                pod.Request, pod.Uid, pod.Uid, pod.Namespace, network, [pod.Address], sandbox.Guard, _now + TimeSpan.FromSeconds(5))));
        }
    }

    private void Start(ApiPod pod)
    {
        pod.Started = true;
        _sandboxes[pod.Network!.Value].Started = true;
        if (!_untold.Contains(pod.Uid))
        {
            _untold.Add(pod.Uid);
        }
    }

    private void FailRequest(ApiPod pod)
    {
        if (pod.Request != 0)
        {
            pod.Request = 0;
            EndSandbox(pod, tellAgent: false);
        }
    }

    private void EndSandbox(ApiPod pod, bool tellAgent)
    {
        pod.Request = 0;
        pod.Started = false;
        if (pod.Network is { } network)
        {
            pod.Network = null;
            _sandboxes.Remove(network);
            _proxied.Remove(network);
            if (tellAgent)
            {
                Tell(new PodEvent.SandboxDeleted(network));
            }
        }
    }

    private void EndZtunnel()
    {
        _ztunnel = false;
        _proxied.Clear();
        _acked.Clear();
        foreach ((string uid, (long generation, _)) in _wanted.ToArray())
        {
            Tell(new PodEvent.ProxyAnswered(uid, generation, ZdsPodState.Unserved, null));
        }
    }

    private void TellZtunnel()
    {
        if (!_ztunnel || !_gate)
        {
            return;
        }

        // What a snapshot does not name, or a deletion names, is stopped.
        _proxied.RemoveWhere(n => !_sandboxes.TryGetValue(n, out Sandbox? s) || !_wanted.ContainsKey(s.Pod.Uid));
        foreach ((string uid, (long generation, NetworkIdentity? network)) in _wanted.ToArray())
        {
            if (network is { } known && _acked.Add((uid, generation)))
            {
                if (_sandboxes.ContainsKey(known))
                {
                    _proxied.Add(known);
                    _everProxied.Add(known);
                }

                Tell(new PodEvent.ProxyAnswered(uid, generation, ZdsPodState.Served, null));
            }
        }
    }

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
                Touch(c.Uid, c.Ticket, c.Network, s => StepResult.Ok with { Kernel = s.Rules ? KernelState.Applied : KernelState.Absent, Guard = s.Guard ? GuardState.Raised : GuardState.Absent });
                break;
            case PodCommand.Apply c:
                Touch(c.Uid, c.Ticket, c.Network, s => Set(s, rules: true, guard: s.Guard));
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
                    pod.Annotation = c.Content.Redirection switch { ReportedRedirection.Enabled => "enabled", ReportedRedirection.Pending => "pending", _ => null };
                }

                Tell(new PodEvent.Reported(c.Uid, c.Content, _apiWorks ? null : "API server: 503"));
                break;
            case PodCommand.LookUp c:
                ApiPod? known = _apiWorks ? _api.GetValueOrDefault(c.Uid) : null;
                Tell(new PodEvent.LookedUp(c.Request, known is null ? null : RecordOf(known), _apiWorks ? Namespaces.Single(n => n.Name == c.Namespace) : null, _apiWorks ? null : "API server: 503"));
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
            // The plugin takes back its own guard.
            _sandboxes[pod.Network!.Value].Guard = false;
        }

        pod.Request = 0;
        Start(pod);
    }

    private void Hold(NetworkIdentity network) => _open[network] = _open.GetValueOrDefault(network) + 1;

    private static bool Ordered(PodCommand command) =>
        command is PodCommand.Serve or PodCommand.ServeAgain or PodCommand.Unserve or PodCommand.Release or PodCommand.OpenGate;

    private static StepResult Set(Sandbox sandbox, bool rules, bool guard)
    {
        (sandbox.Rules, sandbox.Guard) = (rules, guard);
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
