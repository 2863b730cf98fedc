using System.Diagnostics;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Testing.Measurements;
using Xunit.Abstractions;

namespace Ambient.Mesh.Tests.Views;

/// <summary>The bounds that a node with 200 000 workloads lives by. Times are loose here (debug builds, busy machines); the report has them from a release build.</summary>
[Collection("measured alone")]
public class FootprintTests(ITestOutputHelper output)
{
    private const int Workloads = 200_000;
    private const int PodsPerDeployment = 10;
    private const int Nodes = 4_000;

    [Fact]
    public void TwoHundredThousandWorkloads_StayBelow400BytesEach_AndLookupsAllocateNothing()
    {
        MeshState state = new("node-17.eu-central-1.compute.internal");
        long before = Settled(), residentBefore = Resident();
        Stopwatch clock = Stopwatch.StartNew();
        Load(state);
        TimeSpan load = clock.Elapsed;
        double each = (double)(Settled() - before) / Workloads;
        double resident = (double)(Resident() - residentBefore) / Workloads;
        output.WriteLine($"{each:F0} bytes for each workload, {resident:F0} resident (with {Workloads / PodsPerDeployment} Services), loaded in {load.TotalMilliseconds:F0} ms");
        Assert.InRange(each, 50, 400);

        MeshView view = state.Current;
        Assert.Equal((Workloads, Workloads / PodsPerDeployment), (view.WorkloadCount, view.ServiceCount));
        AssertLookups(view);
        AssertChanges(state);
        GC.KeepAlive(state);
    }

    private static long Settled()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static long Resident() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static void Load(MeshState state)
    {
        // In batches, as a control plane sends them.
        for (int from = 0; from < Workloads; from += 10_000)
        {
            MeshBatch batch = new();
            for (int i = from; i < from + 10_000; i++)
            {
                batch.Workloads.Add(Make(i));
                if (i % PodsPerDeployment == 0)
                {
                    batch.Services.Add(MakeService(i / PodsPerDeployment));
                }
            }

            state.Apply(batch);
        }
    }

    private static Workload Make(int number, WorkloadStatus status = WorkloadStatus.Healthy)
    {
        int deployment = number / PodsPerDeployment;
        string space = $"team-{deployment % 400}";
        string app = $"checkout-service-{deployment}";
        string name = $"{app}-{unchecked((uint)deployment * 2654435761):x8}-{number % 100_000:x5}";
        WorkloadSpec spec = new()
        {
            Uid = $"cluster-one//Pod/{space}/{name}",
            Name = name,
            Namespace = space,
            Network = new string("network-1"),
            Protocol = TunnelProtocol.Hbone,
            TrustDomain = new string("cluster.local"),
            ServiceAccount = app,
            Node = $"node-{number % Nodes}.eu-central-1.compute.internal",
            CanonicalName = app,
            CanonicalRevision = "latest",
            WorkloadName = app,
            ClusterId = "cluster-one",
            Status = status,
            Locality = new Locality("eu-central-1", $"eu-central-1{(char)('a' + (number % 3))}", ""),
        };
        spec.Addresses.Add(AddressOf(number));
        spec.Services.Add(new ServiceMembership(new NamespacedHostname(space, $"{app}.{space}.svc.cluster.local"), PortMap.Of((80, 8080), (9090, 9090))));
        return new Workload(spec);
    }

    private static IpAddress AddressOf(int number) => IpAddress.FromIPv4(0x0A00_0000 + (uint)number);

    private static Service MakeService(int number)
    {
        string space = $"team-{number % 400}", app = $"checkout-service-{number}";
        ServiceSpec spec = new() { Name = app, Namespace = space, Hostname = $"{app}.{space}.svc.cluster.local", Ports = PortMap.Of((80, 8080), (9090, 9090)) };
        spec.Vips.Add(new NetworkAddress("network-1", IpAddress.FromIPv4(0xAC10_0000 + (uint)number)));
        return new Service(spec);
    }

    private void AssertLookups(MeshView view)
    {
        const int Count = 400_000;
        Workload probe = view.FindWorkload(new NetworkAddress("network-1", AddressOf(12_345)))!;
        string uid = probe.Uid, space = probe.Namespace;
        NamespacedHostname key = probe.Services[0].Service;
        LocalWorkload nobody = new("a", "b", "c");
        _ = Look(view, 1_000, uid, space, key, nobody);
        int found = 0;
        Assert.Equal(0, Allocations.LeastOf(() => found = Look(view, 20_000, uid, space, key, nobody)));
        Assert.Equal(20_000 * 5, found);

        double best = double.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            Stopwatch clock = Stopwatch.StartNew();
            uint at = 1;
            for (int i = 0; i < Count; i++)
            {
                at = (at * 1664525) + 1013904223;
                _ = view.FindWorkload(new NetworkAddress("network-1", AddressOf((int)(at >> 8) % Workloads)));
            }

            best = Math.Min(best, clock.Elapsed.TotalNanoseconds / Count);
        }

        output.WriteLine($"{best:F0} ns for a lookup by address");
        Assert.InRange(best, 0, 2_000);
    }

    private static int Look(MeshView view, int count, string uid, string space, NamespacedHostname key, LocalWorkload nobody)
    {
        int found = 0;
        for (int i = 0; i < count; i++)
        {
            found += view.FindWorkload(new NetworkAddress("network-1", AddressOf(i))) is null ? 0 : 1;
            found += view.FindService(new NetworkAddress("network-1", IpAddress.FromIPv4(0xAC10_0000 + ((uint)i % 20_000))), space) is null ? 0 : 1;
            found += view.FindWorkloadByUid(uid) is null ? 0 : 1;
            found += view.FindService(key) is null ? 0 : 1;
            found += view.ChooseServiceByHost(key.Hostname, space) is null ? 0 : 1;
            found += view.FindLocalWorkload(nobody) is null ? 0 : 1;
            found += view.FindWorkload(new NetworkAddress("network-2", AddressOf(i))) is null ? 0 : 1;
        }

        return found;
    }

    private void AssertChanges(MeshState state)
    {
        const int Count = 2_000;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < Count; i++)
        {
            MeshBatch batch = new();
            batch.Workloads.Add(Make(i * 97 % Workloads, i % 2 == 0 ? WorkloadStatus.Unhealthy : WorkloadStatus.Healthy));
            state.Apply(batch);
        }

        double micros = clock.Elapsed.TotalMicroseconds / Count;
        double bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / Count;
        output.WriteLine($"{micros:F0} us and {bytes:F0} bytes for one changed workload");

        // A copy of everything would be megabytes.
        Assert.InRange(bytes, 0, 40_000);
    }

    [Theory]
    [InlineData("principals", 5_000)]
    [InlineData("namespaces", 5_000)]
    [InlineData("ports", 5_000)]
    [InlineData("sources", 5_000)]
    [InlineData("prefixes", 5_000)]
    [InlineData("suffixes", 5_000)]
    [InlineData("unindexable", 2_000_000)]
    public void TenThousandPolicies_NoneMatching_AreJudgedFast(string kind, int microsecondsAtMost)
    {
        MeshState state = new();
        MeshBatch batch = new();
        for (int i = 0; i < 10_000; i++)
        {
            int policy = i;
            batch.Policies.Add(($"shop/p{i}", new AuthorizationPolicy
            {
                Name = $"p{i}",
                Namespace = "shop",
                Scope = PolicyScope.Namespace,
                Action = i % 2 == 0 ? PolicyAction.Allow : PolicyAction.Deny,
                Rules = [.. Enumerable.Range(0, 10).Select(rule => new PolicyRule([new PolicyClause([MatchOf(kind, (policy * 10) + rule)])]))],
            }));
        }

        Stopwatch clock = Stopwatch.StartNew();
        state.Apply(batch);
        TimeSpan compile = clock.Elapsed;
        Workload destination = TestMesh.Workload("w", "10.0.0.1", spec => spec.Namespace = "shop");
        ConnectionFacts facts = new(IpPort.Parse("192.168.1.1:4000"), IpPort.Parse("10.0.0.1:8080"), new SpiffeId("cluster.local", "front", "web"), "");
        Assert.False(PolicyEngine.Evaluate(state.Current, facts, destination).IsAllowed);
        int count = kind == "unindexable" ? 20 : 20_000;
        double micros = double.MaxValue;
        long allocated = Allocations.LeastOf(() =>
        {
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                _ = PolicyEngine.Evaluate(state.Current, facts, destination);
            }

            micros = Math.Min(micros, Stopwatch.GetElapsedTime(started).TotalMicroseconds / count);
        });
        Assert.Equal(0, allocated);
        output.WriteLine($"{kind}: {micros:F2} us for a verdict, compiled in {compile.TotalMilliseconds:F0} ms");
        Assert.InRange(micros, 0, microsecondsAtMost);
    }

    private static PolicyMatch MatchOf(string kind, int number) => kind switch
    {
        "principals" => new PolicyMatch { Principals = [StringMatch.Exact($"cluster.local/ns/team-{number % 500}/sa/app-{number}")], DestinationPorts = [8080] },
        "namespaces" => new PolicyMatch { Namespaces = [StringMatch.Exact($"team-{number % 500}")], DestinationPorts = [8080] },
        "ports" => new PolicyMatch { DestinationPorts = [(ushort)(10_000 + (number % 50_000))], NotPrincipals = [StringMatch.Exact("x")] },
        "sources" => new PolicyMatch { SourceIps = [Prefix(number)] },
        "prefixes" => new PolicyMatch { Principals = [StringMatch.Prefix($"cluster.local/ns/team-{number}/")] },
        "suffixes" => new PolicyMatch { Principals = [StringMatch.Suffix($"/sa/app-{number}")] },
        _ => new PolicyMatch { NotPrincipals = [StringMatch.Presence()], NotDestinationPorts = [(ushort)number] },
    };

    private static IpPrefix Prefix(int number) =>
        IpPrefix.TryCreate(IpAddress.FromIPv4(0x0B00_0000 + ((uint)number << 8)), 24, out IpPrefix prefix) ? prefix : default;
}
