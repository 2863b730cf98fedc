using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Requests;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>
/// What the control plane costs: from JSON to all in the store, one changed pod to the responses of 500 wildcard clients, certificates. In one process
/// and without sockets, so that it says what we compute and not what the machine's network does.
/// </summary>
internal static class ControlPlaneBench
{
    private const int Clients = 500;
    private const int Changes = 2000;

    /// <summary>Measures and prints a table.</summary>
    public static async Task<int> RunAsync(int pods, int services)
    {
        Console.WriteLine("| | |\n|---|---|");
        double small = await MeshAsync(1000, 100);
        double large = await MeshAsync(pods, services);
        Print("one changed pod, large against small", $"{large / small:0.00}×");
        int threads = Math.Min(2, Environment.ProcessorCount);
        Certificates(threads, "P-256", static now => SelfSignedRoot.CreatePem("cluster.local", now, SelfSignedRoot.DefaultLifetime));
        Certificates(threads, "RSA 2048", RsaRoot);
        return 0;
    }

    private static void Print(string what, string value) => Console.WriteLine($"| {what} | {value} |");

    /// <summary>The median cost of a change in microseconds of CPU.</summary>
    private static async Task<double> MeshAsync(int pods, int services)
    {
        string size = string.Create(CultureInfo.InvariantCulture, $"{pods} pods, {services} services");
        var cluster = new SyntheticCluster(pods, services);
        var index = new MeshIndex(new MeshSettings());
        var store = new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]);
        using var ending = new CancellationTokenSource();
        using var feed = new DiscoveryFeed(cluster, index, store, new FeedObserver());
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        Task running = feed.RunAsync(ending.Token);
        await await Task.WhenAny(feed.Synced, running);
        Print($"ready: {size}", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, {(Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds:0.0} s of CPU"));
        Print("memory: live after it, and resident", $"{(GC.GetTotalMemory(forceFullCollection: true) - memory) / 1048576} MiB, {Environment.WorkingSet / 1048576} MiB");
        await ending.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        DeltaSession[] sessions = [.. Enumerable.Range(0, Clients).Select(_ => Open(store))];
        long begun = Stopwatch.GetTimestamp();
        long bytes = sessions.Sum(Drain);
        Print($"first responses of {Clients} clients, {size}", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(begun).TotalMilliseconds / Clients:0.0} ms each, {bytes / Clients / 1048576.0:0.0} MiB each"));
        return Change(cluster, index, store, sessions, pods, size);
    }

    private static double Change(SyntheticCluster cluster, MeshIndex index, ResourceStore store, DeltaSession[] sessions, int pods, string size)
    {
        var elapsed = new List<double>(Changes);
        var own = new List<double>(Changes);
        var random = new Random(7);
        int[] versions = new int[pods];
        for (int i = 0; i < Changes + 100; i++)
        {
            int number = random.Next(pods);
            Pod pod = cluster.Pod(number, ++versions[number]);
            long began = Stopwatch.GetTimestamp();
            index.SetPod(pod.Key, pod);
            store.Apply(index.Take());
            double upToStore = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            long told = sessions.Sum(Drain);
            if (told == 0)
            {
                throw new InvalidOperationException("a change reached nobody");
            }

            if (i >= 100)
            {
                own.Add(upToStore);
                elapsed.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
        }

        own.Sort();
        elapsed.Sort();
        static string Line(List<double> all) => string.Create(CultureInfo.InvariantCulture, $"{all[all.Count / 2]:0} µs median, {all[all.Count * 99 / 100]:0} µs p99");
        Print($"one changed pod to the store, {size}", Line(own));
        Print($"one changed pod to {Clients} clients' responses, {size}", Line(elapsed));
        return elapsed[elapsed.Count / 2];
    }

    private static DeltaSession Open(ResourceStore store)
    {
        var session = new DeltaSession(store, new DeltaSessionLimits());
        session.Take(new DeltaDiscoveryRequest { TypeUrl = MeshIndex.AddressType }, out _);
        session.Take(new DeltaDiscoveryRequest { TypeUrl = MeshIndex.PolicyType }, out _);
        return session;
    }

    /// <summary>Makes the bytes that are due, as the transport would send them.</summary>
    private static long Drain(DeltaSession session) => session.Due().Sum(static outgoing => outgoing.ToParts().Sum(static part => (long)part.Length));

    /// <summary>Istio's own roots, and many that operators plug in, are RSA.</summary>
    private static string RsaRoot(DateTimeOffset now)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("O=cluster.local", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 root = request.CreateSelfSigned(now - TimeSpan.FromMinutes(2), now + SelfSignedRoot.DefaultLifetime);
        return root.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static void Certificates(int threads, string kind, Func<DateTimeOffset, string> makeRoot)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (!SelfSignedRoot.TryParse(makeRoot(now), out SelfSignedRoot? root, out string? error)
            || !root.TryMakeAuthority(null, now, out SigningAuthority? authority, out error))
        {
            throw new InvalidOperationException(error);
        }

        string[] requests = [.. Enumerable.Range(0, 64).Select(static i =>
        {
            using WorkloadKey key = WorkloadKey.Create();
            return CertificateRequestBuilder.BuildPem(new SpiffeId("cluster.local", "ns", "app-" + i), key);
        })];
        const int Seconds = 5;
        long made = 0;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(Seconds));
        Thread[] working = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            for (int i = number; !stop.IsCancellationRequested; i++)
            {
                if (!SigningRequest.TryParse(requests[i % requests.Length], out SigningRequest? request, out string? wrong)
                    || !authority.TryIssue(new IssueRequest(request, [new SpiffeId("cluster.local", "ns", "app")], TimeSpan.FromHours(24)), now, out _, out wrong))
                {
                    throw new InvalidOperationException(wrong);
                }

                Interlocked.Increment(ref made);
            }
        }))];
        TimeSpan used = Process.GetCurrentProcess().TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        Array.ForEach(working, static thread => thread.Start());
        Array.ForEach(working, static thread => thread.Join());
        double elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds, cpu = (Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds;
        Print($"certificates, {threads} threads: request read, checked, signed with {kind}", string.Create(CultureInfo.InvariantCulture, $"{made / elapsed:0}/s, {cpu / made * 1e6:0} µs of CPU each"));
        root.Dispose();
        authority.Dispose();
    }
}
