using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Clocks;

namespace Ambient.Cni.Agent.Tests.Sources;

/// <summary>The agent's view of a Kubernetes API: its node's pods, their annotation, events on them.</summary>
public sealed class KubernetesPodTests : IDisposable
{
    private static readonly PodFacts Facts = new() { Name = "a", Namespace = "ns", Uid = "u-a" };
    private readonly Logs _logs = new();

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task Pods_OfThisNodeAreAskedFor_AfterTheNamespaces()
    {
        await using var server = new ScriptedApiServer(c => (c.Path, c.IsWatch) switch
        {
            ("/api/v1/namespaces", false) => ApiReply.List("1", ["""{"metadata":{"name":"ns","labels":{"istio.io/dataplane-mode":"ambient"},"resourceVersion":"1"}}"""]),
            ("/api/v1/pods", false) => ApiReply.List("5", [Objects.Pod("a", 1)]),
            ("/api/v1/pods", true) => ApiReply.Watch(c.Version == "5" ? Objects.Event("DELETED", Objects.Pod("a", 6)) : "", WatchFinish.Open),
            _ => ApiReply.Watch("", WatchFinish.Open),
        });
        using KubernetesClient client = server.Client();
        var source = new KubernetesPodSource(new KubernetesSource(client, new WatchOptions(), TimeProvider.System, _logs.Logger), "n1");
        List<string> told = [];
        using var ending = new CancellationTokenSource();
        var isAll = new TaskCompletionSource();
        Task running = source.RunAsync(
            e =>
            {
                told.Add(e.GetType().Name);
                if (e is PodEvent.PodDeleted)
                {
                    isAll.SetResult();
                }

                return ValueTask.CompletedTask;
            },
            ending.Token);
        await isAll.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["NamespaceChanged", "PodChanged", "Synced", "PodDeleted"], told);
        Assert.All(server.Calls.Where(c => c.Path == "/api/v1/pods"), c => Assert.Equal("spec.nodeName=n1", c.Query["fieldSelector"]));
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task LookUp_AsksTheServer_AndDoesNotTakeAnotherPodOfTheName()
    {
        await using var server = new ScriptedApiServer(c => c.Path.EndsWith("/pods/a", StringComparison.Ordinal) ? ApiReply.Ok(Objects.Pod("a", 1))
            : c.Path == "/api/v1/namespaces/ns" ? ApiReply.Ok("""{"metadata":{"name":"ns"}}""") : ApiReply.Failure(404, "NotFound"));
        using KubernetesClient client = server.Client();
        KubernetesSource source = new(client, new WatchOptions(), TimeProvider.System, _logs.Logger);
        PodEvent.LookedUp found = await new KubernetesPodSource(source, "n1").LookUpAsync(new PodCommand.LookUp(7, "ns", "a", "u-a"), CancellationToken.None);
        Assert.Equal((7, "u-a", "ns", null), (found.Request, found.Pod?.Uid, found.Namespace?.Name, found.Error));
        found = await new KubernetesPodSource(source, "n1").LookUpAsync(new PodCommand.LookUp(8, "ns", "a", "u-before"), CancellationToken.None);
        Assert.Equal((null, "pod ns/a has the UID u-a, not u-before"), (found.Pod, found.Error));
        found = await new KubernetesPodSource(source, "n2").LookUpAsync(new PodCommand.LookUp(8, "ns", "a", ""), CancellationToken.None);
        Assert.Equal((null, "pod ns/a is on n1, not on n2"), (found.Pod, found.Error));
        found = await new KubernetesPodSource(source, "n1").LookUpAsync(new PodCommand.LookUp(8, "ns", "gone", ""), CancellationToken.None);
        Assert.Contains("404", found.Error, StringComparison.Ordinal);
    }

    /// <summary>The runtime knows a static pod by the digest of its manifest; its object in the API is another thing with a UID of its own.</summary>
    [Fact]
    public async Task MirrorOfAStaticPod_IsFoundByItsDigest_AndReportedByItsOwnUid()
    {
        const string digest = "70a2d08f8ad8cd5dfc51ad71fefd1e78";
        string mirror = Objects.Pod("a", 1).Replace("\"uid\"", $"\"annotations\":{{\"kubernetes.io/config.mirror\":\"{digest}\"}},\"uid\"", StringComparison.Ordinal);
        await using var server = new ScriptedApiServer(c => c.Path == "/api/v1/namespaces/ns" ? ApiReply.Ok("""{"metadata":{"name":"ns"}}""") : ApiReply.Ok(mirror));
        using KubernetesClient client = server.Client();
        PodEvent.LookedUp found = await new KubernetesPodSource(new(client, new WatchOptions(), TimeProvider.System, _logs.Logger), "n1").LookUpAsync(new PodCommand.LookUp(7, "ns", "a", digest), CancellationToken.None);
        Assert.Equal((digest, null), (found.Pod?.Uid, found.Error));
        Assert.Null((await Reporter(client).ReportAsync(found.Pod!.Facts, new PodReport(ReportedRedirection.Enabled, null), CancellationToken.None)).Error);
        Assert.Contains("\"uid\":\"u-a\"", server.Calls.Last().Body, StringComparison.Ordinal);
    }

    /// <summary>An annotation alone makes nobody another pod.</summary>
    [Fact]
    public async Task MirrorAnnotation_WithAnotherPodsUid_IsNotBelieved()
    {
        string forged = Objects.Pod("a", 1).Replace("\"uid\"", "\"annotations\":{\"kubernetes.io/config.mirror\":\"2c48913c-b29f-11e7-9350-020968147796\"},\"uid\"", StringComparison.Ordinal);
        await using var server = new ScriptedApiServer(c => c.Path == "/api/v1/namespaces/ns" ? ApiReply.Ok("""{"metadata":{"name":"ns"}}""") : ApiReply.Ok(forged));
        using KubernetesClient client = server.Client();
        PodEvent.LookedUp found = await new KubernetesPodSource(new(client, new WatchOptions(), TimeProvider.System, _logs.Logger), "n1").LookUpAsync(new PodCommand.LookUp(7, "ns", "a", ""), CancellationToken.None);
        Assert.Equal("u-a", found.Pod?.Uid);
    }

    /// <summary>Hooks come from the node as probes do.</summary>
    [Fact]
    public async Task HooksOfContainers_CountAsProbes()
    {
        string pod = Objects.Pod("a", 1).Replace(
            "\"nodeName\"",
            """
            "containers":[{"name":"c","ports":[{"name":"web","containerPort":8080}],"readinessProbe":{"tcpSocket":{"port":1}},
              "lifecycle":{"postStart":{"httpGet":{"port":"web"}},"preStop":{"tcpSocket":{"port":9000}}}},
              {"name":"d","lifecycle":{"preStop":{"exec":{"command":["true"]}}}}],"nodeName"
            """,
            StringComparison.Ordinal);
        await using var server = new ScriptedApiServer(c => c.Path == "/api/v1/namespaces/ns" ? ApiReply.Ok("""{"metadata":{"name":"ns"}}""") : ApiReply.Ok(pod));
        using KubernetesClient client = server.Client();
        PodEvent.LookedUp found = await new KubernetesPodSource(new(client, new WatchOptions(), TimeProvider.System, _logs.Logger), "n1").LookUpAsync(new PodCommand.LookUp(7, "ns", "a", ""), CancellationToken.None);
        Assert.Equal([1, 8080, 9000], found.Pod!.ProbePorts);
    }

    [Theory]
    [InlineData(ReportedRedirection.Enabled, "\"enabled\"")]
    [InlineData(ReportedRedirection.Pending, "\"pending\"")]
    [InlineData(ReportedRedirection.Absent, "null")]
    public async Task Annotation_IsPatchedThroughTheStatus_OfThisVeryPod(ReportedRedirection redirection, string value)
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Ok(Objects.Pod("a", 2)));
        using KubernetesClient client = server.Client();
        Assert.Null((await Reporter(client).ReportAsync(Facts, new PodReport(redirection, null), CancellationToken.None)).Error);
        ApiCall call = Assert.Single(server.Calls);
        Assert.Equal(("PATCH", "/api/v1/namespaces/ns/pods/a/status", "application/merge-patch+json"), (call.Method, call.Path, call.Headers["Content-Type"]));
        Assert.Equal("""{"metadata":{"uid":"u-a","annotations":{"ambient.istio.io/redirection":""" + value + "}}}", call.Body);
    }

    [Theory]
    [InlineData(404, "u-a", true)]
    [InlineData(409, "u-successor", true)]
    [InlineData(422, "u-successor", true)]
    [InlineData(409, "u-a", false)]
    [InlineData(403, "u-a", false)]
    [InlineData(500, "u-a", false)]
    public async Task PodThatIsGone_IsASuccess_OtherFailuresAreNot(int code, string uidNow, bool isFine)
    {
        await using var server = new ScriptedApiServer(c => c.Method == "PATCH" ? ApiReply.Failure(code, "Scripted") : ApiReply.Ok(Objects.Pod("a", 2).Replace("u-a", uidNow, StringComparison.Ordinal)));
        using KubernetesClient client = server.Client();
        Assert.Equal(isFine, (await Reporter(client).ReportAsync(Facts, new PodReport(ReportedRedirection.Enabled, null), CancellationToken.None)).Error is null);
    }

    [Fact]
    public async Task PodThatIsNotInTheMesh_GetsAnEvent_NotTheSameAgainAtOnce()
    {
        await using var server = new ScriptedApiServer(c => c.Method == "POST" ? ApiReply.Failure(403, "Forbidden") : ApiReply.Ok(Objects.Pod("a", 2)));
        using KubernetesClient client = server.Client();
        var time = new ManualTime();
        KubernetesPodReporter reporter = Reporter(client, time);
        var report = new PodReport(ReportedRedirection.Pending, "no ztunnel on this node; see its DaemonSet");
        Assert.Equal(new ReportResult(null, 2), await reporter.ReportAsync(Facts, report, CancellationToken.None));
        Assert.Null((await reporter.ReportAsync(Facts, report, CancellationToken.None)).Error);
        ApiCall said = Assert.Single(server.Calls, c => c.Method == "POST");
        Assert.Equal("/api/v1/namespaces/ns/events", said.Path);
        Assert.Contains("\"generateName\":\"a.\"", said.Body, StringComparison.Ordinal);
        Assert.Contains("\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"ns\",\"name\":\"a\",\"uid\":\"u-a\"}", said.Body, StringComparison.Ordinal);
        Assert.Contains("\"message\":\"no ztunnel on this node; see its DaemonSet\",\"type\":\"Warning\"", said.Body, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(11));
        await reporter.ReportAsync(Facts, report, CancellationToken.None);
        await reporter.ReportAsync(Facts, report with { Text = "another" }, CancellationToken.None);
        Assert.Equal(3, server.Calls.Count(c => c.Method == "POST"));
    }

    private KubernetesPodReporter Reporter(KubernetesClient client, TimeProvider? time = null) => new(client, "n1", time ?? TimeProvider.System, _logs.Logger);
}
