using System.Collections.Concurrent;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Kind = Ambient.Protocol.L7.Balancing;

namespace Ambient.Waypoint.Balancing;

/// <summary>
/// One destination (service, port, subset): its policy, its endpoints as of the latest view, and what all loops know of them. Thread-safe.
/// </summary>
internal sealed class DestinationState(NamespacedHostname service, ushort port, string subset)
{
    private static readonly TrafficPolicy NoPolicy = new();

    private readonly ConcurrentDictionary<EndpointKey, EndpointState> _states = [];
    private volatile Snapshot _snapshot = new(null, null, [], NoPolicy, false);
    private int _active;
    private int _retries;
    private int _turn;

    /// <summary>Its name in logs.</summary>
    public string Name { get; } = $"inbound-vip|{port}|http/{subset}|{service.Hostname}";

    /// <summary>The service.</summary>
    public NamespacedHostname Service => service;

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
        if (!ReferenceEquals(snapshot.View, view) || !ReferenceEquals(snapshot.Settings, settings))
        {
            _snapshot = snapshot = Build(view, settings);
        }

        (policy, candidates) = (snapshot.Policy, snapshot.Candidates);
        return snapshot.IsKnown;
    }

    /// <summary>Counts an outcome and ejects when it is time (waypoint reference 2.3.3).</summary>
    public void Count(Candidate candidate, int status, TrafficPolicy policy, long now)
    {
        if (policy.Outliers is not { } outliers || !candidate.State.Count(status, outliers) || candidate.State.IsEjected(now))
        {
            return;
        }

        Candidate[] all = _snapshot.Candidates;
        int ejected = all.Count(other => other.State.IsEjected(now));
        if ((ejected + 1) * 100.0 / all.Length <= outliers.MaxEjectionPercent)
        {
            candidate.State.Eject(now, outliers);
        }
    }

    /// <summary>Chooses an endpoint that has not been tried; null when none is in service.</summary>
    public Candidate? Choose(Candidate[] candidates, TrafficPolicy policy, ulong? hash, IReadOnlyCollection<EndpointKey>? tried, Random random, long now)
    {
        Candidate[] usable = Array.FindAll(candidates, candidate => !candidate.State.IsEjected(now));
        if (usable.Length == 0 || usable.Length * 100 < candidates.Length * (policy.Outliers?.MinHealthPercent ?? 0))
        {
            // Panic: when too few are left, all are used; with a threshold of 0 none is.
            usable = policy.Outliers is { MinHealthPercent: > 0 } ? candidates : usable;
        }

        if (tried is { Count: > 0 } && hash is null && Array.FindAll(usable, candidate => !tried.Contains(candidate.Key)) is { Length: > 0 } fresh)
        {
            usable = fresh;
        }

        if (usable.Length < 2)
        {
            return usable.Length == 0 ? null : usable[0];
        }

        return hash is { } value ? Rendezvous(usable, value) : policy.Balancing switch
        {
            Kind.RoundRobin => usable[(int)((uint)Interlocked.Increment(ref _turn) % (uint)usable.Length)],
            Kind.Random or Kind.RingHash or Kind.Maglev => usable[random.Next(usable.Length)],
            _ => LeastRequest(usable, random),
        };
    }

    private static Candidate LeastRequest(Candidate[] usable, Random random)
    {
        int first = random.Next(usable.Length);
        int second = random.Next(usable.Length - 1);
        second += second >= first ? 1 : 0;
        return usable[first].State.Active <= usable[second].State.Active ? usable[first] : usable[second];
    }

    /// <summary>Highest random weight: each key stays with its endpoint as long as that exists, and no table is needed.</summary>
    private static Candidate Rendezvous(Candidate[] usable, ulong hash)
    {
        Candidate best = usable[0];
        ulong highest = 0;
        foreach (Candidate candidate in usable)
        {
            ulong weight = Mix(hash ^ Mix(StableHash.Of(candidate.Key.Address.ToString())));
            if (weight >= highest)
            {
                (best, highest) = (candidate, weight);
            }
        }

        return best;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    private Snapshot Build(MeshView view, DestinationSettings? settings)
    {
        Subset? members = subset.Length == 0 ? null : settings?.Subsets.FirstOrDefault(candidate => candidate.Name == subset);
        if (view.FindService(service) is not { } found || (subset.Length > 0 && members is null))
        {
            return new Snapshot(view, settings, [], NoPolicy, false);
        }

        HashSet<string>? uids = members is null ? null : [.. members.Members];
        List<Candidate> candidates = [];
        foreach (Workload workload in view.EndpointWorkloads(found))
        {
            if ((uids is null || uids.Contains(workload.Uid)) && TryAddress(found, workload, out EndpointKey? key))
            {
                candidates.Add(new Candidate(key, workload, _states.GetOrAdd(key, static _ => new EndpointState())));
            }
        }

        foreach (EndpointKey gone in _states.Keys.Except(candidates.Select(candidate => candidate.Key)))
        {
            _states.TryRemove(gone, out _);
        }

        return new Snapshot(view, settings, [.. candidates], PolicyOf(settings), true);
    }

    private bool TryAddress(Service found, Workload workload, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out EndpointKey? key)
    {
        key = null;
        if (workload.AddressCount == 0)
        {
            return false;
        }

        PortMap ports = found.PortsOf(workload);
        ushort target;
        if (ports.Count > 0 ? !ports.TryGet(port, out target) : !found.Ports.TryGet(port, out target))
        {
            return false;
        }

        key = new EndpointKey(new IpPort(workload.AddressAt(0), target == 0 ? port : target), workload.Protocol == TunnelProtocol.None ? null : workload.Identity);
        return true;
    }

    // The most specific of port and subset: both, the subset, the port, neither.
    private TrafficPolicy PolicyOf(DestinationSettings? settings) => settings?.Policies
        .Where(policy => (policy.Port == 0 || policy.Port == port) && (policy.Subset.Length == 0 || policy.Subset == subset))
        .OrderByDescending(policy => ((policy.Subset.Length > 0 ? 2 : 0) + (policy.Port > 0 ? 1 : 0)))
        .FirstOrDefault()?.Policy ?? NoPolicy;

    private sealed record Snapshot(MeshView? View, DestinationSettings? Settings, Candidate[] Candidates, TrafficPolicy Policy, bool IsKnown);
}
