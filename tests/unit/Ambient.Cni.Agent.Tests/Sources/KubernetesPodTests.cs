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

    [Theory]
    [InlineData(ReportedRedirection.Enabled, "\"enabled\"")]
    [InlineData(ReportedRedirection.Pending, "\"pending\"")]
    [InlineData(ReportedRedirection.Absent, "null")]
    public async Task Annotation_IsPatchedThroughTheStatus_OfThisVeryPod(ReportedRedirection redirection, string value)
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Ok(Objects.Pod("a", 2)));
        using KubernetesClient client = server.Client();
        Assert.Null(await Reporter(client).ReportAsync(Facts, new PodReport(redirection, null), CancellationToken.None));
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
        Assert.Equal(isFine, await Reporter(client).ReportAsync(Facts, new PodReport(ReportedRedirection.Enabled, null), CancellationToken.None) is null);
    }

    [Fact]
    public async Task PodThatIsNotInTheMesh_GetsAnEvent_NotTheSameAgainAtOnce()
    {
        await using var server = new ScriptedApiServer(c => c.Method == "POST" ? ApiReply.Failure(403, "Forbidden") : ApiReply.Ok(Objects.Pod("a", 2)));
        using KubernetesClient client = server.Client();
        var time = new ManualTime();
        KubernetesPodReporter reporter = Reporter(client, time);
        var report = new PodReport(ReportedRedirection.Pending, "no ztunnel on this node; see its DaemonSet");
        Assert.Null(await reporter.ReportAsync(Facts, report, CancellationToken.None));
        Assert.Null(await reporter.ReportAsync(Facts, report, CancellationToken.None));
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
