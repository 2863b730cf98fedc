using System.Diagnostics;
using System.Globalization;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>A synthetic cluster in index and store, with clients that have all of it. Not thread-safe.</summary>
internal sealed class MeasuredMesh
{
    /// <summary>How many clients there are; each wants everything.</summary>
    public const int Clients = 500;

    private readonly SyntheticCluster _cluster;
    private readonly MeshIndex _index = new(new MeshSettings());
    private readonly ResourceStore _store = new([MeshIndex.PolicyType, MeshIndex.AddressType]);
    private readonly Random _random = new(7);
    private readonly int[] _versions;
    private DeltaSession[] _sessions = [];

    private MeasuredMesh(int pods, int services)
    {
        (_cluster, _versions) = (new SyntheticCluster(pods, services), new int[pods]);
        Size = string.Create(CultureInfo.InvariantCulture, $"{pods} pods, {services} services");
    }

    /// <summary>How large it is, for tables.</summary>
    public string Size { get; }

    /// <summary>From JSON to the first responses, with what that costs.</summary>
    public static async Task<MeasuredMesh> MakeAsync(int pods, int services, Action<string, string> print)
    {
        var mesh = new MeasuredMesh(pods, services);
        await mesh.FillAsync(print);
        mesh._sessions = [.. Enumerable.Range(0, Clients).Select(_ => Open(mesh._store))];
        long begun = Stopwatch.GetTimestamp();
        long bytes = mesh._sessions.Sum(Drain);
        print($"first responses of {Clients} clients, {mesh.Size}", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(begun).TotalMilliseconds / Clients:0.0} ms each, {bytes / Clients / 1048576.0:0.0} MiB each"));
        return mesh;
    }

    /// <summary>Changes one pod after the other, any of them, and notes what each change costs.</summary>
    public void Change(int count, CostOfChanges cost)
    {
        for (int i = 0; i < count; i++)
        {
            int number = _random.Next(_versions.Length);
            Pod pod = _cluster.Pod(number, ++_versions[number]);
            long began = Stopwatch.GetTimestamp();
            _index.SetPod(pod.Key, pod);
            _store.Apply(_index.Take());
            double toStore = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            long told = _sessions.Sum(Drain);
            cost.Add(toStore, Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            if (told == 0)
            {
                throw new InvalidOperationException("a change reached nobody");
            }
        }
    }

    private async Task FillAsync(Action<string, string> print)
    {
        using var ending = new CancellationTokenSource();
        var feed = new DiscoveryFeed(_cluster, _index, _store, new FeedObserver());
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        Task running = feed.RunAsync(ending.Token);
        await await Task.WhenAny(feed.Synced, running);
        print($"ready: {Size}", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, {(Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds:0.0} s of CPU"));
        print("memory: live after it, and resident", $"{(GC.GetTotalMemory(forceFullCollection: true) - memory) / 1048576} MiB, {Environment.WorkingSet / 1048576} MiB");
        await ending.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static DeltaSession Open(ResourceStore store)
    {
        var session = new DeltaSession(store, new DeltaSessionLimits(), TimeProvider.System);
        session.Take(new DeltaDiscoveryRequest { TypeUrl = MeshIndex.AddressType }, out _);
        session.Take(new DeltaDiscoveryRequest { TypeUrl = MeshIndex.PolicyType }, out _);
        return session;
    }

    /// <summary>Makes the bytes that are due, as the transport would send them.</summary>
    private static long Drain(DeltaSession session) => session.Due().Sum(static outgoing => outgoing.ToParts().Sum(static part => (long)part.Length));
}
