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
    private ulong _revision = 1;
    private ulong _labelVersion = 1;
    private readonly Queue<NamespaceFacts> _untoldLabels = new();
    private readonly List<PodEvent.LookedUp> _lookUps = [];
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

    /// <summary>How often new connections of a pod began to wait.</summary>
    public int Holds { get; private set; }

    private NamespaceFacts[] Namespaces =>
    [
        new("mesh", new Dictionary<string, string> { [EnablementSelector.ModeLabel] = _isLabelled ? "ambient" : "other" }) { Version = _labelVersion },
        new("plain", new Dictionary<string, string>()) { Version = 1 },
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
                (_isLabelled, _wasRelabelled, _labelVersion) = (!_isLabelled, true, ++_revision);
                _untoldLabels.Enqueue(Namespaces[0]);
                foreach (ApiPod asked in _api.Values)
                {
                    asked.WasInMeshSinceAdd &= _isLabelled;
                }

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
            if (_pending.Count == 0 && _lookUps.Count == 0 && i > 60 && Complaint() is null)
            {
                return;
            }
        }

        Fail(Complaint() ?? "commands never end");
    }

    private void Act()
    {
        switch (_random.Next(9))
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
            case 5 when _apiWorks && _untoldLabels.Count > 0:
                Tell(new PodEvent.NamespaceChanged(_untoldLabels.Dequeue()));
                break;
            case 8 when _lookUps.Count > 0:
                // What the server said may be old by now, and the watch was faster or slower.
                PodEvent.LookedUp said = _lookUps[_random.Next(_lookUps.Count)];
                _lookUps.Remove(said);
                _history.Add($"LookedUp {said.Request} {said.Namespace?.Labels.Values.FirstOrDefault()}");
                Tell(said);
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
        _lookUps.Clear();
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
        _untoldLabels.Clear();
        if (_apiWorks)
        {
            List();
        }
    }

    private void List()
    {
        _untoldLabels.Clear();
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
        Version = pod.Version,
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
            (pod.Request, pod.WasInMeshSinceAdd) = (++_lastRequest, pod.Namespace == "mesh" && _isLabelled);
            Hold(network);
            _history.Add($"ADD {pod.Uid} {network}");
            Tell(new PodEvent.SandboxAdded(new SandboxRequest(
                pod.Request, pod.Uid, pod.Uid, pod.Namespace, network, [pod.Address], sandbox.Guard, _now + TimeSpan.FromSeconds(5))));
        }
    }

    private void Start(ApiPod pod)
    {
        (pod.Started, pod.Version) = (true, ++_revision);
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
        pod.Version = ++_revision;
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
}
