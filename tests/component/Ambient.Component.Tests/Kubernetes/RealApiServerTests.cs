using System.Collections.Concurrent;
using System.Text;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Leases;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Authentication;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Kubernetes;

/// <summary>The Kubernetes client against a real API server: certificates, tokens, lists, watches, writes, leases, definitions that come.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class RealApiServerTests(ApiServerFixture rig) : IAsyncLifetime, IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly LogHub _log = LogHub.Discarding();
    private readonly List<Task> _running = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    public void Dispose()
    {
        _ending.Dispose();
        _log.Dispose();
    }

    [RequiresApiServerFact]
    public async Task Cache_FollowsPods_ThroughARestartOfTheServer()
    {
        string space = await rig.NamespaceAsync();
        foreach (int i in Enumerable.Range(0, 5))
        {
            await rig.PodAsync(space, "p" + i, i == 4 ? "n2" : "n1");
        }

        var changes = new ConcurrentQueue<string>();
        ResourceCache<Pod> cache = Follow(KnownResources.Pods, new ResourceScope(space, Fields: "spec.nodeName=n1"), changes, new WatchOptions { PageSize = 2 });
        await cache.Synced.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["Added p0", "Added p1", "Added p2", "Added p3", "Synced "], changes);
        await rig.Admin.PatchAsync(KnownResources.Pods, new ResourceKey(space, "p1"), Patch.Merge("""{"metadata":{"labels":{"app":"changed"}}}"""u8.ToArray()), CancellationToken.None);
        await rig.RemovePodAsync(space, "p2");
        await EndsWithAsync(changes, "Deleted p2");
        Assert.Contains("Updated p1", changes);

        // Its connections are gone, its memory of versions too; what happens right after the start must not be missed.
        await rig.StopAsync();
        await rig.StartAsync();
        await rig.RemovePodAsync(space, "p3");
        await rig.PodAsync(space, "p5");
        await Eventually.TrueAsync(() => cache.Find(new ResourceKey(space, "p5")) is not null && cache.Find(new ResourceKey(space, "p3")) is null, TimeSpan.FromSeconds(60));
        Assert.Equal(3, cache.Count);
    }

    [RequiresApiServerFact]
    public async Task ContinueToken_OfACompactedVersion_IsGone()
    {
        string space = await rig.NamespaceAsync();
        await rig.PodAsync(space, "a");
        await rig.PodAsync(space, "b");
        ListPage<Pod> page = (await rig.Admin.ListAsync(KnownResources.Pods, new ResourceScope(space), CancellationToken.None, limit: 1)).Value!;
        Assert.NotEmpty(page.Continue);
        await rig.PodAsync(space, "c");
        await rig.CompactAsync();
        ApiError error = (await rig.Admin.ListAsync(KnownResources.Pods, new ResourceScope(space), CancellationToken.None, limit: 1, page.Continue)).Error!;
        Assert.True(error.IsGone, error.ToString());
    }

    [RequiresApiServerFact]
    public async Task WholeObjects_AreMadeReplacedAndDeleted_AndConflictsAreSeen()
    {
        string space = await rig.NamespaceAsync();
        var key = new ResourceKey(space, "c");
        var map = new ConfigMap { Metadata = new ObjectMeta { Namespace = space, Name = "c" }, Data = StringMap.Of(("k", "v")) };
        ConfigMap made = (await rig.Admin.CreateAsync(KnownResources.ConfigMaps, map, CancellationToken.None)).Value!;
        Assert.True((await rig.Admin.CreateAsync(KnownResources.ConfigMaps, map, CancellationToken.None)).Error!.IsAlreadyExists);
        Assert.Null((await rig.Admin.UpdateAsync(KnownResources.ConfigMaps, made with { Data = StringMap.Of(("k", "w")) }, CancellationToken.None)).Error);
        Assert.True((await rig.Admin.UpdateAsync(KnownResources.ConfigMaps, made, CancellationToken.None)).Error!.IsConflict);
        Assert.Equal("w", (await rig.Admin.GetAsync(KnownResources.ConfigMaps, key, CancellationToken.None)).Value!.Data["k"]);
        Assert.True((await rig.Admin.DeleteAsync(KnownResources.ConfigMaps, key, CancellationToken.None, new DeleteOptions { Uid = "another" }))!.IsConflict);
        Assert.Null(await rig.Admin.DeleteAsync(KnownResources.ConfigMaps, key, CancellationToken.None));
        Assert.True((await rig.Admin.GetAsync(KnownResources.ConfigMaps, key, CancellationToken.None)).Error!.IsNotFound);
        Secret secret = new() { Metadata = new ObjectMeta { Namespace = space, Name = "s" }, Data = new SecretData([KeyValuePair.Create("k", new byte[] { 0, 255 })]) };
        Assert.Equal([0, 255], (await rig.Admin.CreateAsync(KnownResources.Secrets, secret, CancellationToken.None)).Value!.Data["k"]);
        ApiError invalid = (await rig.Admin.CreateAsync(KnownResources.ConfigMaps, map with { Metadata = map.Metadata with { Name = "Not_A_Name" } }, CancellationToken.None)).Error!;
        Assert.True(invalid.IsInvalid && invalid.Message.Contains("metadata.name", StringComparison.Ordinal), invalid.ToString());
    }

    [RequiresApiServerFact]
    public async Task Apply_OwnsItsFields_AndTellsOfOtherOwners()
    {
        string space = await rig.NamespaceAsync();
        var key = new ResourceKey(space, "d");
        const string Form = """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{LABELS}},"spec":{"replicas":REPLICAS,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""";
        byte[] Body(string labels, int replicas) => Encoding.UTF8.GetBytes(Form.Replace("{LABELS}", labels, StringComparison.Ordinal).Replace("REPLICAS", $"{replicas}", StringComparison.Ordinal));
        Deployment made = (await rig.Admin.PatchAsync(KnownResources.Deployments, key, Patch.Apply(Body("""{"x":"1","y":"2"}""", 1), "one"), CancellationToken.None)).Value!;
        Assert.Equal((1, "1"), (made.Spec.Replicas, made.Metadata.Labels["x"]));
        ApiError conflict = (await rig.Admin.PatchAsync(KnownResources.Deployments, key, Patch.Apply(Body("{}", 3), "two", isForced: false), CancellationToken.None)).Error!;
        Assert.True(conflict.IsConflict, conflict.ToString());
        made = (await rig.Admin.PatchAsync(KnownResources.Deployments, key, Patch.Apply(Body("""{"x":"1"}""", 1), "one"), CancellationToken.None)).Value!;
        Assert.Equal("x=1", made.Metadata.Labels.ToString());
        made = (await rig.Admin.PatchAsync(KnownResources.Deployments, key, Patch.Merge("""{"status":{"replicas":1,"readyReplicas":1,"observedGeneration":1}}"""u8.ToArray()), CancellationToken.None, "status")).Value!;
        Assert.Equal((1, 1L), (made.Status.ReadyReplicas, made.Status.ObservedGeneration));
    }

    [RequiresApiServerFact]
    public async Task EndpointSlices_AreFound_WhateverVersionTheServerHas()
    {
        string space = await rig.NamespaceAsync();
        string version = (await rig.Admin.Discovery.VersionOfAsync(KnownResources.EndpointSlices, CancellationToken.None)).Value!;
        string where = version == "v1" ? "\"nodeName\":\"n1\"" : "\"topology\":{\"kubernetes.io/hostname\":\"n1\"}";
        await rig.ApplyAsync(KnownResources.EndpointSlices, new ResourceKey(space, "s"), $$"""{"apiVersion":"discovery.k8s.io/{{version}}","kind":"EndpointSlice","metadata":{"name":"s"},"addressType":"IPv4","endpoints":[{"addresses":["10.1.2.3"],{{where}}}],"ports":[{"name":"web","port":80}]}""");
        ResourceCache<EndpointSlice> cache = Follow(KnownResources.EndpointSlices, new ResourceScope(space), []);
        await cache.Synced.WaitAsync(TimeSpan.FromSeconds(60));
        EndpointSlice slice = Assert.Single(cache.All);
        Assert.Equal(("n1", "10.1.2.3", 80), (slice.Endpoints[0].Node, slice.Endpoints[0].Addresses[0], slice.Ports[0].Port));
    }

    [RequiresApiServerFact]
    public async Task KindThatTheServerDoesNotHave_IsAbsent_UntilItsDefinitionComes()
    {
        var changes = new ConcurrentQueue<string>();
        ResourceCache<Gateway> cache = Follow(KnownResources.Gateways, ResourceScope.All, changes, new WatchOptions { AbsentInterval = TimeSpan.FromMilliseconds(200) });
        await cache.Synced.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(cache.IsAbsent);
        await rig.ApplyAsync(KnownResources.CustomResourceDefinitions, new ResourceKey("", "gateways.gateway.networking.k8s.io"), """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gateways.gateway.networking.k8s.io","annotations":{"api-approved.kubernetes.io":"https://example.com"}},
             "spec":{"group":"gateway.networking.k8s.io","scope":"Namespaced","names":{"plural":"gateways","singular":"gateway","kind":"Gateway","listKind":"GatewayList"},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
            """);
        await Eventually.TrueAsync(() => cache is { IsAbsent: false }, TimeSpan.FromSeconds(60));
        string space = await rig.NamespaceAsync();
        await rig.ApplyAsync(KnownResources.Gateways, new ResourceKey(space, "w"), """{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"w","labels":{"a":"b"}},"spec":{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE"}]}}""");
        await EndsWithAsync(changes, "Added w");

        // Not what the record says: the last that could be read stays.
        await rig.Admin.PatchAsync(KnownResources.Gateways, new ResourceKey(space, "w"), Patch.Merge("""{"spec":{"listeners":"none"}}"""u8.ToArray()), CancellationToken.None);
        await EndsWithAsync(changes, "Refused w");
        Assert.Equal("HBONE", cache.Find(new ResourceKey(space, "w"))!.Spec.Listeners[0].Protocol);
        Assert.Equal("spec.listeners: is not a list", cache.ProblemOf(new ResourceKey(space, "w"))?.ToString());
        await rig.Admin.PatchAsync(KnownResources.Gateways, new ResourceKey(space, "w"), Patch.Merge("""{"status":{"addresses":[{"type":"Hostname","value":"w"}]}}"""u8.ToArray(), "ambientd"), CancellationToken.None, "status");
        await rig.Admin.PatchAsync(KnownResources.Gateways, new ResourceKey(space, "w"), Patch.Merge("""{"spec":{"listeners":[]}}"""u8.ToArray()), CancellationToken.None);
        await EndsWithAsync(changes, "Updated w");
        Assert.Equal("w", cache.Find(new ResourceKey(space, "w"))!.Status.Addresses[0].Value);
    }

    [RequiresApiServerFact]
    public async Task Tokens_AreReviewed_ByAudience_AndMayDoWhatTheirRoleSays()
    {
        string space = await rig.NamespaceAsync();
        ServiceAccount account = await rig.ApplyAsync(KnownResources.ServiceAccounts, new ResourceKey(space, "ztunnel"), """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"ztunnel"}}""");
        string good = rig.Files.Token(space, "ztunnel", account.Metadata.Uid, "istio-ca", TimeSpan.FromHours(1));
        TokenReviewStatus review = await ReviewAsync(good);
        Assert.True(review.Authenticated, review.Error);
        Assert.Equal($"system:serviceaccount:{space}:ztunnel", review.User.Username);
        Assert.Contains("system:serviceaccounts", review.User.Groups);
        Assert.Equal(["istio-ca"], review.Audiences);
        Assert.False((await ReviewAsync(rig.Files.Token(space, "ztunnel", account.Metadata.Uid, "other", TimeSpan.FromHours(1)))).Authenticated);
        Assert.False((await ReviewAsync(rig.Files.Token(space, "ztunnel", account.Metadata.Uid, "istio-ca", TimeSpan.FromHours(-1)))).Authenticated);
        Assert.False((await ReviewAsync(rig.Files.Token(space, "ztunnel", "another-uid", "istio-ca", TimeSpan.FromHours(1)))).Authenticated);
        Assert.False((await ReviewAsync("nonsense")).Authenticated);

        // The same as a client: the file's token is known to the server, and may nothing.
        string file = rig.Files.Path("token-" + space);
        await File.WriteAllTextAsync(file, rig.Files.Token(space, "ztunnel", account.Metadata.Uid, "https://kubernetes.default.svc", TimeSpan.FromHours(1)));
        await File.WriteAllTextAsync(file + ".conf", rig.Files.Config($"tokenFile: '{file}'"));
        using KubernetesClient client = ApiServerFixture.Client(file + ".conf");
        ApiError error = (await client.ListAsync(KnownResources.Pods, new ResourceScope(space), CancellationToken.None)).Error!;
        Assert.True(error.IsForbidden, error.ToString());
        Assert.Contains($"system:serviceaccount:{space}:ztunnel", error.Message, StringComparison.Ordinal);
    }

    [RequiresApiServerFact]
    public async Task ServerThatAnotherAuthoritySigned_IsNotSpokenTo()
    {
        using var foreign = new ApiServerFiles(1);
        await File.WriteAllTextAsync(foreign.Path("config"), rig.Files.Config("token: t0ken"));
        using KubernetesClient client = ApiServerFixture.Client(foreign.Path("config"), new ClientOptions { Tries = 1 });
        ApiError error = (await client.VersionAsync(CancellationToken.None)).Error!;
        Assert.Equal((0, "NoAnswer"), (error.Code, error.Reason));
        Assert.DoesNotContain("t0ken", error.Message, StringComparison.Ordinal);
    }

    [RequiresApiServerFact]
    public async Task Leader_IsOne_AndTheNextTakesOver()
    {
        string space = await rig.NamespaceAsync();
        int leading = 0, most = 0;
        async Task Lead(CancellationToken lost)
        {
            most = Math.Max(most, Interlocked.Increment(ref leading));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, lost).ContinueWith(_ => Interlocked.Decrement(ref leading), TaskScheduler.Default);
        }

        LeaderElection Candidate(string identity) => new(rig.Admin, new LeaderOptions { Namespace = space, Name = "l", Identity = identity, Duration = TimeSpan.FromSeconds(4), RenewDeadline = TimeSpan.FromSeconds(3), RetryPeriod = TimeSpan.FromMilliseconds(300) }, TimeProvider.System, _log.For("test"));
        using var first = new CancellationTokenSource();
        LeaderElection a = Candidate("a"), b = Candidate("b");
        Task leadA = a.RunAsync(Lead, first.Token);
        await Eventually.TrueAsync(() => a.IsLeader, TimeSpan.FromSeconds(30));
        _running.Add(b.RunAsync(Lead, _ending.Token));
        await Eventually.TrueAsync(() => b.Leader == "a", TimeSpan.FromSeconds(30));
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leadA);
        await Eventually.TrueAsync(() => b.IsLeader, TimeSpan.FromSeconds(30));
        Lease lease = (await rig.Admin.GetAsync(KnownResources.Leases, new ResourceKey(space, "l"), CancellationToken.None)).Value!;
        Assert.Equal(("b", 1), (lease.Spec.HolderIdentity, most));
    }

    [RequiresApiServerFact]
    public async Task NodeAgent_SeesItsPods_AnnotatesThem_AndLeavesASuccessorAlone()
    {
        string space = await rig.NamespaceAsync("""{"istio.io/dataplane-mode":"ambient"}""");
        Pod pod = await rig.PodAsync(space, "a", space);
        var told = new ConcurrentQueue<PodEvent>();
        var source = new KubernetesPodSource(new KubernetesSource(rig.Admin, new WatchOptions(), TimeProvider.System, _log.For("test")), space);
        _running.Add(source.RunAsync(e => Tell(told, e), _ending.Token));
        await Eventually.TrueAsync(() => told.OfType<PodEvent.Synced>().Any(), TimeSpan.FromSeconds(60));
        Assert.Equal([pod.Metadata.Uid], told.OfType<PodEvent.PodChanged>().Select(e => e.Pod.Uid));
        Assert.Equal("ambient", told.OfType<PodEvent.NamespaceChanged>().Single(e => e.Facts.Name == space).Facts.Labels["istio.io/dataplane-mode"]);

        var reporter = new KubernetesPodReporter(rig.Admin, space, TimeProvider.System, _log.For("test"));
        PodFacts facts = told.OfType<PodEvent.PodChanged>().Single().Pod.Facts;
        Assert.Null((await reporter.ReportAsync(facts, new PodReport(ReportedRedirection.Pending, "no ztunnel on this node"), CancellationToken.None)).Error);
        await Eventually.TrueAsync(() => told.OfType<PodEvent.PodChanged>().Last().Pod.Annotation == "pending");
        CoreEvent said = Assert.Single((await rig.Admin.ListAsync(KnownResources.Events, new ResourceScope(space), CancellationToken.None)).Value!.Items);
        Assert.Equal(("no ztunnel on this node", pod.Metadata.Uid), (said.Message, said.InvolvedObject.Uid));
        Assert.Null((await reporter.ReportAsync(facts, new PodReport(ReportedRedirection.Enabled, null), CancellationToken.None)).Error);
        await Eventually.TrueAsync(() => told.OfType<PodEvent.PodChanged>().Last().Pod.Annotation == "enabled");
        Assert.Null((await reporter.ReportAsync(facts, new PodReport(ReportedRedirection.Absent, null), CancellationToken.None)).Error);
        await Eventually.TrueAsync(() => told.OfType<PodEvent.PodChanged>().Last().Pod.Annotation is null);

        // The pod is replaced by another of its name: the report was for the one that is gone.
        await rig.RemovePodAsync(space, "a");
        Pod successor = await rig.PodAsync(space, "a", space);
        Assert.Null((await reporter.ReportAsync(facts, new PodReport(ReportedRedirection.Enabled, null), CancellationToken.None)).Error);
        Assert.Empty((await rig.Admin.GetAsync(KnownResources.Pods, successor.Key, CancellationToken.None)).Value!.Metadata.Annotations);
        await Eventually.TrueAsync(() => told.OfType<PodEvent.PodDeleted>().Any(e => e.Uid == pod.Metadata.Uid) && told.OfType<PodEvent.PodChanged>().Last().Pod.Uid == successor.Metadata.Uid);
        Assert.Equal(successor.Metadata.Uid, (await source.LookUpAsync(new PodCommand.LookUp(1, space, "a", ""), CancellationToken.None)).Pod!.Uid);
    }

    private static ValueTask Tell<T>(ConcurrentQueue<T> told, T change)
    {
        told.Enqueue(change);
        return ValueTask.CompletedTask;
    }

    private static Task EndsWithAsync(ConcurrentQueue<string> changes, params string[] expected) => Eventually.PassesAsync(
        () =>
        {
            Assert.Equal(expected, changes.TakeLast(expected.Length));
            return Task.CompletedTask;
        },
        TimeSpan.FromSeconds(30));

    private async Task<TokenReviewStatus> ReviewAsync(string token)
    {
        var question = new TokenReview { Spec = new TokenReviewSpec { Token = token, Audiences = ["istio-ca"] } };
        ApiResult<TokenReview> answer = await rig.Admin.CreateAsync(KnownResources.TokenReviews, question, CancellationToken.None);
        Assert.True(answer.IsOk(out TokenReview? review, out ApiError? error), error?.ToString());
        return review.Status;
    }

    private ResourceCache<T> Follow<T>(ResourceType<T> type, ResourceScope scope, ConcurrentQueue<string> changes, WatchOptions? options = null)
        where T : Resource
    {
        var cache = new ResourceCache<T>(new KubernetesSource(rig.Admin, options ?? new WatchOptions(), TimeProvider.System, _log.For("test")), type, scope);
        _running.Add(cache.RunAsync(c => Tell(changes, $"{c.Kind} {c.Key.Name}"), _ending.Token));
        return cache;
    }
}
