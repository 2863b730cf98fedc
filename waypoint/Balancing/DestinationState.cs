using System.Collections.Concurrent;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Balancing;

/// <summary>
/// One destination (service, port, subset): its policy, its endpoints as of the latest view, and what all loops know of them. Thread-safe.
/// </summary>
internal sealed partial class DestinationState(NamespacedHostname service, ushort port, string subset, Func<MeshView, Workload?>? self = null, DialledWorkload? dialled = null, NameTable? names = null, Func<string?>? network = null)
{
    private static readonly TrafficPolicy NoPolicy = new();

    private readonly ConcurrentDictionary<EndpointKey, EndpointState> _states = [];
    private readonly Lock _ejecting = new();
    private volatile Snapshot _snapshot = new(null, null, [], NoPolicy, false, [], null);
    private int _active;
    private int _retries;
    private int _turn;
    private int _connections;
    private int _waiting;
    private volatile HashTable? _table;

    /// <summary>Its name in logs.</summary>
    public string Name { get; } = dialled is null ? $"inbound-vip|{port}|http/{subset}|{service.Hostname}" : $"inbound-pod|{port}||{dialled.Address.Address}";

    /// <summary>The service.</summary>
    public NamespacedHostname Service => service;

    /// <summary>Its port.</summary>
    public ushort Port => port;

    /// <summary>Its subset; empty for none.</summary>
    public string Subset => subset;

    /// <summary>Whether nothing depends on it at the moment.</summary>
    public bool IsUnused => Active == 0 && Connections == 0 && Waiting == 0;

    /// <summary>Requests that are under way.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Takes a slot for a request; false when there are too many.</summary>
    public bool TryBegin(TrafficPolicy policy)
    {
        int now = Interlocked.Increment(ref _active);
        if (policy.Pool is { MaxRequests: > 0 } pool && now > pool.MaxRequests)
        {
            Interlocked.Decrement(ref _active);
            return false;
        }

        return true;
    }

    /// <summary>Gives the slot back.</summary>
    public void End() => Interlocked.Decrement(ref _active);

    /// <summary>Connections to all of its endpoints.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests that wait for a connection.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Takes a slot for a connection; false when there are too many.</summary>
    /// <param name="most">How many there may be; 0 for any number.</param>
    /// <param name="isForced">Takes it in any case.</param>
    public bool TryConnect(uint most, bool isForced = false) => TryTake(ref _connections, isForced ? 0 : most);

    /// <summary>A connection is gone.</summary>
    public void Disconnect() => Interlocked.Decrement(ref _connections);

    /// <summary>Takes a slot for a request that waits for a connection; false when there are too many.</summary>
    public bool TryWait(uint most) => TryTake(ref _waiting, most);

    /// <summary>It does not wait any more.</summary>
    public void EndWait() => Interlocked.Decrement(ref _waiting);

    /// <summary>Takes a slot for a retry; false when there are too many.</summary>
    public bool TryBeginRetry(TrafficPolicy policy)
    {
        int now = Interlocked.Increment(ref _retries);
        double most = policy.RetryBudget is { } budget ? Math.Max(budget.MinConcurrency, budget.Percent / 100 * Active)
            : policy.Pool is { MaxRetries: > 0 } pool ? pool.MaxRetries
            : double.MaxValue;
        if (now > most)
        {
            Interlocked.Decrement(ref _retries);
            return false;
        }

        return true;
    }

    /// <summary>Gives the retry's slot back.</summary>
    public void EndRetry() => Interlocked.Decrement(ref _retries);

    /// <summary>Policy and endpoints by this view and these settings; false when the subset is not known.</summary>
    public bool TryGet(MeshView view, DestinationSettings? settings, out TrafficPolicy policy, out Candidate[] candidates)
    {
        Snapshot snapshot = _snapshot;
        if (!ReferenceEquals(snapshot.View, view) || !ReferenceEquals(snapshot.Settings, settings) || NameUse.IsAnyStale(snapshot.Names))
        {
            _snapshot = snapshot = Build(view, settings);
        }

        (policy, candidates) = (snapshot.Policy, snapshot.Candidates);
        return snapshot.IsKnown;
    }

    /// <summary>A name without which there is no endpoint, and of which nothing is known yet; null: what is known is all there is to wait for.</summary>
    public ResolvedName? Awaited
    {
        get
        {
            Snapshot snapshot = _snapshot;
            return snapshot.Candidates.Length > 0 ? null : Array.Find(snapshot.Names, static use => use.Name.Answer is null).Name;
        }
    }

    /// <summary>Counts an outcome and ejects when it is time (waypoint reference 2.3.3).</summary>
    public void Count(Candidate candidate, int status, TrafficPolicy policy, long now, bool isLocal = false)
    {
        if (policy.Outliers is not { } outliers || !candidate.State.Count(status, isLocal, outliers) || !MayEject(candidate, outliers, now))
        {
            return;
        }

        // Rare: two loops that looked at the same time would eject one more than there may be.
        lock (_ejecting)
        {
            if (MayEject(candidate, outliers, now))
            {
                candidate.State.Eject(now, outliers);
            }
        }
    }

    /// <summary>Chooses an endpoint that has not been tried; null when none is in service.</summary>
    public Candidate? Choose(Candidate[] candidates, TrafficPolicy policy, ulong? hash, IReadOnlyCollection<EndpointKey>? tried, Random random, long now)
    {
        Candidate[] usable = InService(candidates, policy, random, now);
        if (hash is { } key && candidates.Length > 1)
        {
            return usable.Length == 0 ? null : TableOf(candidates, policy).Find(key, usable.Length == candidates.Length ? static _ => true : candidate => Array.IndexOf(usable, candidate) >= 0);
        }

        if (tried is { Count: > 0 } && Array.FindAll(usable, candidate => !tried.Contains(candidate.Key)) is { Length: > 0 } fresh)
        {
            usable = fresh;
        }

        return usable.Length < 2 ? (usable.Length == 0 ? null : usable[0]) : EndpointChoice.Of(usable, policy, random, ref _turn, now);
    }

    private bool MayEject(Candidate candidate, OutlierDetection outliers, long now)
    {
        Candidate[] all = _snapshot.Candidates;
        return !candidate.State.IsEjected(now) && (all.Count(other => other.State.IsEjected(now)) + 1) * 100.0 / all.Length <= outliers.MaxEjectionPercent;
    }

    private static Candidate[] InService(Candidate[] candidates, TrafficPolicy policy, Random random, long now)
    {
        Candidate[] healthy = policy.Outliers is null ? candidates : Array.FindAll(candidates, candidate => !candidate.State.IsEjected(now));
        if (policy.Outliers is { MinHealthPercent: > 0 and uint least } && healthy.Length * 100 < candidates.Length * least)
        {
            // Panic: when too few are left, all are used; with a threshold of 0 none is.
            healthy = candidates;
        }

        return PriorityChoice.Of(candidates, healthy, random);
    }

    private HashTable TableOf(Candidate[] candidates, TrafficPolicy policy)
    {
        HashTable? known = _table;
        HashTable table = known?.For(candidates, policy.Balancing, policy.TableSize) ?? new HashTable(candidates, policy.Balancing, policy.TableSize);
        if (!ReferenceEquals(table, known))
        {
            _table = table;
        }

        return table;
    }

    private Snapshot Build(MeshView view, DestinationSettings? settings)
    {
        if (dialled is not null)
        {
            return new Snapshot(view, settings, Itself(view, dialled), NoPolicy, true, [], null);
        }

        Subset? members = subset.Length == 0 ? null : settings?.Subsets.FirstOrDefault(candidate => candidate.Name == subset);
        if (view.FindService(service) is not { } found || (subset.Length > 0 && members is null))
        {
            return new Snapshot(view, settings, [], NoPolicy, false, [], null);
        }

        HashSet<string>? uids = members is null ? null : [.. members.Members];
        List<Candidate> candidates = [];
        bool isHop = settings?.ThroughWaypoint == true && WaypointHop.IsNamed(found);
        FarEndpoints far = new(view, network?.Invoke());
        foreach ((EndpointKey through, Workload waypoint, double weight) in isHop ? WaypointHop.Of(view, found, port, far) : [])
        {
            candidates.Add(Known(through, waypoint, weight));
        }

        NamedEndpoints named = new(names, settings?.Names);

        // Whoever is to go through a waypoint goes nowhere without it.
        foreach (Workload workload in isHop ? [] : view.EndpointWorkloads(found))
        {
            if ((uids is not null && !uids.Contains(workload.Uid)) || !TryPort(found, workload, out ushort target))
            {
                continue;
            }

            double weight = Math.Max(1, workload.Capacity);
            if (far.Takes(workload))
            {
                far.Add(workload, found, port, found.Identities, weight);
            }
            else
            {
                candidates.AddRange(named.Of(workload, target).Select(key => Known(key, workload, weight)));
            }
        }

        candidates.AddRange(far.All.Select(endpoint => Known(endpoint.Key, endpoint.Workload, endpoint.Weight)));

        foreach (EndpointKey gone in _states.Keys.Except(candidates.Select(candidate => candidate.Key)))
        {
            _states.TryRemove(gone, out _);
        }

        TrafficPolicy policy = PolicyOf(settings);

        // Where the service wants its own endpoints to be says nothing about its waypoints.
        Candidate[] placed = isHop ? [.. candidates] : LocalityPlan.Of(candidates, policy, found.LoadBalancing, self?.Invoke(view));
        return new Snapshot(view, settings, placed, policy, true, [.. named.Used], found);
    }

    private Candidate Known(EndpointKey key, Workload workload, double weight) => new(key, workload, _states.GetOrAdd(key, static _ => new EndpointState())) { Weight = weight };

    /// <summary>The workload at the address that was dialled; nobody when it is gone, or has another address now.</summary>
    private Candidate[] Itself(MeshView view, DialledWorkload wanted)
    {
        if (view.FindWorkloadByUid(wanted.Uid) is not { } workload || !workload.Owns(wanted.Address.Address))
        {
            return [];
        }

        EndpointKey key = new(wanted.Address, workload.Protocol == TunnelProtocol.None ? null : workload.Identity);
        return [new Candidate(key, workload, _states.GetOrAdd(key, static _ => new EndpointState()))];
    }

    private static bool TryTake(ref int taken, uint most)
    {
        int now = Interlocked.Increment(ref taken);
        if (most > 0 && now > most)
        {
            Interlocked.Decrement(ref taken);
            return false;
        }

        return true;
    }

    private bool TryPort(Service found, Workload workload, out ushort target)
    {
        PortMap ports = found.PortsOf(workload);
        if (ports.Count > 0 ? !ports.TryGet(port, out target) : !found.Ports.TryGet(port, out target))
        {
            return false;
        }

        target = target == 0 ? port : target;
        return true;
    }

    private TrafficPolicy PolicyOf(DestinationSettings? settings) => settings?.PolicyFor(port, subset) ?? NoPolicy;

    private sealed record Snapshot(MeshView? View, DestinationSettings? Settings, Candidate[] Candidates, TrafficPolicy Policy, bool IsKnown, NameUse[] Names, Service? Found);
}
