using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;

namespace Ambient.Waypoint.Tests.Balancing;

/// <summary>A service with endpoints in places, and the waypoint in region a, zone 1, subzone x.</summary>
internal static class Endpoints
{
    public static readonly NamespacedHostname Key = new("apps", "reviews.apps.svc.cluster.local");

    public static (DestinationState State, TrafficPolicy Policy, Candidate[] Candidates) Make(TrafficPolicy policy, LoadBalancing? preferences, params string[] places)
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(new Service(new ServiceSpec { Name = "reviews", Namespace = Key.Namespace, Hostname = Key.Hostname, Ports = PortMap.Of((80, 8080)), LoadBalancing = preferences }));
        for (int i = 0; i < places.Length; i++)
        {
            batch.Workloads.Add(Workload($"uid-{i}", $"10.0.0.{i + 1}", places[i]));
        }

        mesh.Apply(batch);
        Workload self = Workload("self", "10.9.9.9", "a/1/x");
        DestinationState state = new(Key, 80, "", _ => self);
        Assert.True(state.TryGet(mesh.Current, new DestinationSettings { Policies = { new ScopedPolicy { Policy = policy } } }, out TrafficPolicy used, out Candidate[] candidates));
        return (state, used, candidates);
    }

    /// <summary>How often each endpoint is chosen, by the number in its uid.</summary>
    public static Dictionary<string, int> Count(this (DestinationState State, TrafficPolicy Policy, Candidate[] Candidates) made, int times, long now = 0)
    {
        Random random = new(7);
        return Enumerable.Range(0, times).Select(_ => made.State.Choose(made.Candidates, made.Policy, null, null, random, now)!.Workload.Uid["uid-".Length..]).CountBy(uid => uid).ToDictionary();
    }

    /// <summary>Takes endpoints out of service.</summary>
    public static void Eject(this (DestinationState State, TrafficPolicy Policy, Candidate[] Candidates) made, params int[] numbers)
    {
        foreach (int number in numbers)
        {
            made.Candidates.Single(candidate => candidate.Workload.Uid == $"uid-{number}").State.Eject(0, new OutlierDetection { BaseEjectionMs = 1_000_000, IntervalMs = 10_000 });
        }
    }

    public static OutlierDetection Outliers => new() { Consecutive5Xx = 5, BaseEjectionMs = 30_000, IntervalMs = 10_000, MaxEjectionPercent = 100 };

    // region/zone/subzone, and after a colon the capacity.
    private static Workload Workload(string uid, string address, string place)
    {
        string[] parts = place.Split(':');
        string[] names = parts[0].Split('/');
        return new Workload(new WorkloadSpec
        {
            Uid = uid,
            Name = uid,
            Namespace = "apps",
            Node = names.Length > 3 ? names[3] : "",
            Locality = new Locality(names[0], names[1], names[2]),
            Capacity = parts.Length > 1 ? uint.Parse(parts[1], provider: null) : 1,
            Addresses = { IpAddress.Parse(address) },
            Protocol = TunnelProtocol.Hbone,
            Services = { new ServiceMembership(Key, PortMap.Of((80, 8080))) },
        });
    }
}
