using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.Kubernetes.Tests.Watching;

/// <summary>The source against a server that fails in every way that servers fail.</summary>
public sealed class KubernetesSourceTests : IDisposable
{
    private readonly Logs _logs = new();

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task List_GoesByPages_AndTheWatchBeginsAtItsVersion()
    {
        await using var server = new ScriptedApiServer(c => c.IsWatch
            ? ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("c", 8)), WatchFinish.Open)
            : c.Query.ContainsKey("continue") ? ApiReply.List("7", [Objects.Pod("b", 2)]) : ApiReply.List("7", [Objects.Pod("a", 1)], next: "token/+1"));
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<Pod>(Source(client), KnownResources.Pods, new ResourceScope(Fields: "spec.nodeName=n1"));
        await heard.EndsWithAsync("[", "+a@1", "+b@2", "]", "+c@8");
        ApiCall[] calls = [.. server.Calls];
        Assert.Equal(("500", "spec.nodeName=n1"), (calls[0].Query["limit"], calls[0].Query["fieldSelector"]));
        Assert.Equal("token/+1", calls[1].Query["continue"]);
        Assert.Equal(("7", "true", "spec.nodeName=n1"), (calls[2].Version, calls[2].Query["allowWatchBookmarks"], calls[2].Query["fieldSelector"]));
    }

    [Theory]
    [InlineData(WatchFinish.End)]
    [InlineData(WatchFinish.Cut)]
    public async Task Watch_ThatIsCut_EvenInTheMiddleOfALine_ResumesAfterTheLastWholeEvent(WatchFinish finish)
    {
        string half = Objects.Event("ADDED", Objects.Pod("lost", 9));
        await using var server = new ScriptedApiServer(c => (c.IsWatch, c.Version) switch
        {
            (false, _) => ApiReply.List("1", []),
            (_, "1") => ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("a", 5)) + half[..(half.Length / 2)], finish),
            (_, "5") => ApiReply.Watch(half + Objects.Bookmark(20), finish),
            (_, "20") => ApiReply.Watch(Objects.Event("DELETED", Objects.Pod("a", 21)), WatchFinish.Open),
            _ => ApiReply.Failure(500, "Unexpected"),
        });
        using KubernetesClient client = server.Client();
        KubernetesSource source = Source(client);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods);
        await heard.EndsWithAsync("[", "]", "+a@5", "+lost@9", "-a");
        Assert.Equal(1, source.Counters["pods"].Lists);
        Assert.Equal(1, source.Counters["pods"].Bookmarks);
    }

    [Fact]
    public async Task Watch_ThatCannotBeDecoded_IsBegunAgain()
    {
        int watches = 0;
        await using var server = new ScriptedApiServer(c => !c.IsWatch
            ? ApiReply.List("1", [])
            : ++watches == 1 ? ApiReply.Of(200, "<html>bad gateway</html>", "Content-Encoding: gzip\r\n") : ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("a", 5)), WatchFinish.Open));
        using KubernetesClient client = server.Client();
        KubernetesSource source = Source(client);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods);
        await heard.EndsWithAsync("[", "]", "+a@5");
        Assert.Equal(1, source.Counters["pods"].Lists);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task VersionThatIsTooOld_ListsAgain(bool isInStream)
    {
        int lists = 0;
        await using var server = new ScriptedApiServer(c => (c.IsWatch, c.Version) switch
        {
            (false, _) => ++lists == 1 ? ApiReply.List("1", [Objects.Pod("a", 1), Objects.Pod("b", 1)]) : ApiReply.List("9", [Objects.Pod("b", 9)]),
            (_, "1") => isInStream ? ApiReply.Watch(Objects.Gone()) : ApiReply.Failure(410, "Expired"),
            _ => ApiReply.Watch("", WatchFinish.Open),
        });
        using KubernetesClient client = server.Client();
        var cache = new ResourceCache<Pod>(Source(client), KnownResources.Pods);
        List<string> changes = [];
        using var ending = new CancellationTokenSource();
        Task running = cache.RunAsync(c => Note(changes, c), ending.Token);
        await Eventually.TrueAsync(() => Locked(changes).Count(c => c.StartsWith("Synced", StringComparison.Ordinal)) == 2);
        Assert.Equal(["Added a", "Added b", "Synced ", "Updated b", "Deleted a", "Synced "], Locked(changes));
        Assert.Equal(1, cache.Count);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task ContinueToken_ThatIsTooOld_BeginsTheListAnew_AndForgetsNothing()
    {
        int lists = 0;
        await using var server = new ScriptedApiServer(c =>
            c.IsWatch ? ApiReply.Watch("", WatchFinish.Open)
            : c.Query.ContainsKey("continue") ? ApiReply.Failure(410, "Expired")
            : ++lists == 1 ? ApiReply.List("1", [Objects.Pod("a", 1)], next: "x") : ApiReply.List("2", [Objects.Pod("a", 1), Objects.Pod("b", 2)]));
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<Pod>(Source(client), KnownResources.Pods);
        await heard.EndsWithAsync("[", "+a@1", "[", "+a@1", "+b@2", "]");
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(403)]
    [InlineData(401)]
    public async Task FailuresOfListAndWatch_AreOutlived_AndTakeNothingBack(int code)
    {
        int lists = 0, watches = 0;
        await using var server = new ScriptedApiServer(c => c.IsWatch
            ? ++watches switch { 1 => ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("a", 5))), < 4 => ApiReply.Failure(code, "Scripted"), _ => ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("b", 6)), WatchFinish.Open) }
            : ++lists < 8 ? ApiReply.Failure(code, "Scripted") : ApiReply.List("1", lists > 8 ? [Objects.Pod("a", 5)] : []));
        using KubernetesClient client = server.Client();
        KubernetesSource source = Source(client);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods);
        await Eventually.TrueAsync(() => heard.Events.Contains("+b@6"));
        Assert.DoesNotContain(heard.Events, e => e.StartsWith('-'));
        Assert.Null(source.Counters["pods"].Trouble);
        await Eventually.TrueAsync(() => _logs.Count(code switch { 403 => "the role needs get, list and watch", 401 => "our credential is read again with each try", _ => "cannot be followed" }) > 0);

        // Who does not know us has said nothing about what we may do.
        Assert.Equal(code == 403, heard.Events.Any(static e => e.StartsWith("denied", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task TokenThatIsRenewedLate_IsFound_ByTheListAndByTheWatch()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old");
        string good = "new";
        await using var server = new ScriptedApiServer(c => c.Headers["Authorization"] != "Bearer " + good ? ApiReply.Failure(401, "Unauthorized")
            : !c.IsWatch ? ApiReply.List("1", [Objects.Pod("a", 1)])
            : c.Version == "1" ? ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("b", 2)), WatchFinish.End)
            : ApiReply.Watch(Objects.Event("ADDED", Objects.Pod("c", 3)), WatchFinish.Open));
        using KubernetesClient client = server.Client(credential: new TokenFileCredential(file, new ManualTime()));
        await using var heard = new Heard<Pod>(Source(client), KnownResources.Pods, also: e =>
        {
            // From the first event of the watch on, another one counts.
            good = e.Kind == ResourceEventKind.Changed && e.Key.Name == "b" ? "newest" : good;
            return ValueTask.CompletedTask;
        });
        await Eventually.TrueAsync(() => _logs.Count("our credential is read again with each try") > 0);
        await File.WriteAllTextAsync(file, "new");
        await Eventually.TrueAsync(() => server.Calls.Any(c => c.IsWatch && c.Version == "2"));
        await File.WriteAllTextAsync(file, "newest");
        await heard.EndsWithAsync("+c@3");
        Assert.DoesNotContain(heard.Events, static e => e.StartsWith("denied", StringComparison.Ordinal));
        File.Delete(file);
    }

    [Fact]
    public async Task ServerThatHangsUp_OrSaysNothing_OrNonsense_IsOutlived()
    {
        int calls = 0;
        await using var server = new ScriptedApiServer(c => ++calls switch
        {
            1 => ApiReply.HangUp(),
            2 => ApiReply.Silence(),
            3 => ApiReply.Ok("<html>a proxy's page</html>"),
            4 => ApiReply.Ok("{\"items\":[{\"metadata\":"),
            5 => ApiReply.Of(502, "<html>"),
            _ => c.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", [Objects.Pod("a", 1)]),
        });
        using KubernetesClient client = server.Client(new ClientOptions { Tries = 1, RequestPatience = TimeSpan.FromMilliseconds(500) });
        await using var heard = new Heard<Pod>(Source(client), KnownResources.Pods);
        await heard.EndsWithAsync("[", "+a@1", "]");
    }

    [Fact]
    public async Task GarbageInAWatch_ListsAgain_AndALineThatIsTooLong_IsPassedOver()
    {
        int lists = 0, watches = 0;
        await using var server = new ScriptedApiServer(c => c.IsWatch
            ? ++watches switch
            {
                1 => ApiReply.Watch(Objects.Event("ADDED", Objects.Pod(new string('x', 5000), 2)) + Objects.Event("ADDED", Objects.Pod("after", 3)) + "{}\n"),
                _ => ApiReply.Watch("", WatchFinish.Open),
            }
            : ApiReply.List(lists++ == 0 ? "1" : "4", lists == 1 ? [] : [Objects.Pod("after", 3)]));
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<Pod>(Source(client, QuickWatch.Options with { LongestLine = 2000 }), KnownResources.Pods);
        await heard.EndsWithAsync("[", "]", "+after@3", "[", "+after@3", "]");
        await Eventually.TrueAsync(() => _logs.Count("too large") == 1);
    }

    [Fact]
    public async Task ObjectThatCannotBeRead_IsNamed_AndTheOthersAreTold()
    {
        const string Bad = """{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"3"},"spec":{"hostNetwork":"yes"}}""";
        await using var server = new ScriptedApiServer(c => c.IsWatch
            ? ApiReply.Watch(Objects.Event("MODIFIED", Objects.Pod("a", 4).Replace("\"n1\"", "17", StringComparison.Ordinal)) + Objects.Event("DELETED", Bad), WatchFinish.Open)
            : ApiReply.List("3", [Objects.Pod("a", 1), Bad]));
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<Pod>(Source(client), KnownResources.Pods);
        await heard.EndsWithAsync("[", "+a@1", "!bad spec.hostNetwork: is not true or false", "]", "!a spec.nodeName: is not a text (put it in quotes)", "-bad");
        await Eventually.TrueAsync(() => _logs.Count("cannot be read") == 2);
    }

    [Fact]
    public async Task MissingApi_IsOneLine_CountsAsEmpty_AndMayCome()
    {
        int asked = 0;
        await using var server = new ScriptedApiServer(c => c.Path switch
        {
            "/apis/gateway.networking.k8s.io/v1beta1" when ++asked > 3 => ApiReply.Ok("""{"resources":[{"name":"gateways/status"},{"name":"gateways"}]}"""),
            "/apis/gateway.networking.k8s.io/v1beta1/gateways" => c.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", ["""{"metadata":{"name":"g","namespace":"n","resourceVersion":"1"}}"""]),
            _ => ApiReply.Failure(404, "NotFound"),
        });
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<Gateway>(Source(client), KnownResources.Gateways);
        await heard.EndsWithAsync("[", "absent]", "[", "+g@1", "]");
        await Eventually.TrueAsync(() => _logs.Count("does not have this kind") == 1);
        await Eventually.TrueAsync(() => _logs.Count("has this kind now") == 1);
    }

    [Fact]
    public async Task ApiThatIsDefinedButNotServedYet_IsNotTakenForAbsent()
    {
        int asked = 0;
        await using var server = new ScriptedApiServer(c => c.Path switch
        {
            "/apis/security.istio.io/v1" => ++asked < 4 ? ApiReply.Failure(404, "NotFound") : ApiReply.Ok("""{"resources":[{"name":"authorizationpolicies"}]}"""),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/authorizationpolicies.security.istio.io" =>
                ApiReply.Ok("""{"metadata":{"name":"x"},"spec":{"versions":[{"name":"v1","served":true}]}}"""),
            "/apis/security.istio.io/v1/authorizationpolicies" => c.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", []),
            _ => ApiReply.Failure(404, "NotFound"),
        });
        using KubernetesClient client = server.Client();
        await using var heard = new Heard<AuthorizationPolicy>(Source(client), KnownResources.AuthorizationPolicies);
        await heard.EndsWithAsync("[", "]");
        Assert.Equal(2, heard.Events.Count);
    }

    [Fact]
    public async Task ApiThatGoesAway_MustBeFoundAbsentSeveralTimes_BeforeItsObjectsAreGone()
    {
        int looks = 0;
        bool isThere = true;
        await using var server = new ScriptedApiServer(c => c.Path switch
        {
            "/apis/security.istio.io/v1" when isThere => ApiReply.Ok("""{"resources":[{"name":"authorizationpolicies"}]}"""),
            "/apis/security.istio.io/v1" => Count(ref looks),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/authorizationpolicies.security.istio.io" => ApiReply.Failure(403, "Forbidden"),
            "/apis/security.istio.io/v1/authorizationpolicies" when c.IsWatch => Leave(ref isThere),
            "/apis/security.istio.io/v1/authorizationpolicies" when isThere => ApiReply.List("1", ["""{"metadata":{"name":"p","namespace":"n","resourceVersion":"1"}}"""]),
            _ => ApiReply.Failure(404, "NotFound"),
        });
        using KubernetesClient client = server.Client();
        int atAbsence = 0;
        await using var heard = new Heard<AuthorizationPolicy>(Source(client), KnownResources.AuthorizationPolicies, null, e =>
        {
            atAbsence = e.IsAbsent ? Volatile.Read(ref looks) : atAbsence;
            return ValueTask.CompletedTask;
        });
        await heard.EndsWithAsync("[", "+p@1", "]", "[", "absent]");
        Assert.True(atAbsence >= 3, $"{atAbsence} looks");

        static ApiReply Count(ref int looks)
        {
            Interlocked.Increment(ref looks);
            return ApiReply.Failure(404, "NotFound");
        }

        static ApiReply Leave(ref bool isThere)
        {
            isThere = false;
            return ApiReply.Failure(404, "NotFound");
        }
    }

    [Fact]
    public async Task EndpointSlices_OfKubernetes120_AreRead_ByV1Beta1()
    {
        await using var server = new ScriptedApiServer(c => c.Path switch
        {
            "/apis/discovery.k8s.io/v1beta1" => ApiReply.Ok("""{"resources":[{"name":"endpointslices"}]}"""),
            "/apis/discovery.k8s.io/v1beta1/endpointslices" => c.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1",
                ["""{"metadata":{"name":"s","namespace":"n","resourceVersion":"1"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"topology":{"kubernetes.io/hostname":"n7"}}],"ports":null}"""]),
            _ => ApiReply.Failure(404, "NotFound"),
        });
        using KubernetesClient client = server.Client();
        EndpointSlice? slice = null;
        await using var heard = new Heard<EndpointSlice>(Source(client), KnownResources.EndpointSlices, null, e =>
        {
            slice ??= e.Resource;
            return ValueTask.CompletedTask;
        });
        await heard.EndsWithAsync("[", "+s@1", "]");
        Endpoint endpoint = Assert.Single(slice!.Endpoints);
        Assert.Equal(("n7", true), (endpoint.Node, endpoint.IsReady));
    }

    [Fact]
    public async Task AnswersThatAreTooLong_AreAskedForInSmallerPages()
    {
        string[] pods = [.. Enumerable.Range(0, 16).Select(i => Objects.Pod("p" + i, i + 1))];
        await using var server = new ScriptedApiServer(c =>
        {
            int limit = int.Parse(c.Query.GetValueOrDefault("limit", "1"), System.Globalization.CultureInfo.InvariantCulture);
            int from = int.Parse(c.Query.GetValueOrDefault("continue", "0"), System.Globalization.CultureInfo.InvariantCulture);
            return c.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("99", pods.Skip(from).Take(limit), from + limit < 16 ? $"{from + limit}" : null);
        });
        using KubernetesClient client = server.Client(new ClientOptions { LongestBody = 1200, Tries = 1 });
        await using var heard = new Heard<Pod>(Source(client, QuickWatch.Options with { PageSize = 16 }), KnownResources.Pods);
        await heard.EndsWithAsync([.. pods.Select((_, i) => $"+p{i}@{i + 1}"), "]"]);
    }

    [Fact]
    public async Task SlowListener_SlowsTheSource_AndNothingPilesUp()
    {
        // Far more than sockets and buffers hold: what is not read is not asked for.
        string padding = new('x', 4000);
        string flood = string.Concat(Enumerable.Range(2, 2000).Select(v => Objects.Event("MODIFIED", Objects.Pod("a", v).Replace("u-a", padding, StringComparison.Ordinal))));
        await using var server = new ScriptedApiServer(c => c.IsWatch ? ApiReply.Watch(c.Version == "1" ? flood : "", WatchFinish.Open) : ApiReply.List("1", []));
        using KubernetesClient client = server.Client();
        KubernetesSource source = Source(client);
        using var gate = new SemaphoreSlim(0);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods, null, e => e.Kind == ResourceEventKind.Changed ? new ValueTask(gate.WaitAsync()) : ValueTask.CompletedTask);
        await heard.EndsWithAsync("[", "]", "+a@2");
        Assert.Equal(1, source.Counters["pods"].Events);
        gate.Release(2000);
        await heard.EndsWithAsync("+a@2001");
    }

    [Fact]
    public async Task WatchesThatEndAtOnce_AreNotOpenedWithoutAPause()
    {
        await using var server = new ScriptedApiServer(c => c.IsWatch ? ApiReply.Watch("") : ApiReply.List("1", []));
        using KubernetesClient client = server.Client();
        var time = new ManualTime();
        var source = new KubernetesSource(client, new WatchOptions(), time, _logs.Logger);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods);
        TimeSpan waited = TimeSpan.Zero;
        for (int round = 1; round <= 8; round++)
        {
            await Eventually.TrueAsync(() => source.Counters["pods"].Watches == round && time.UntilNextTimer() < TimeSpan.FromSeconds(31));
            TimeSpan step = time.UntilNextTimer()!.Value;
            waited += step;
            time.Advance(step);
        }

        Assert.InRange(waited, TimeSpan.FromSeconds(0.5 * 0.5 * 127), TimeSpan.FromSeconds(0.5 * 255));
    }

    private static ValueTask Note(List<string> changes, ResourceChange<Pod> change)
    {
        lock (changes)
        {
            changes.Add($"{change.Kind} {change.Key.Name}");
        }

        return ValueTask.CompletedTask;
    }

    private static string[] Locked(List<string> changes)
    {
        lock (changes)
        {
            return [.. changes];
        }
    }

    private KubernetesSource Source(KubernetesClient client, WatchOptions? options = null) => new(client, options ?? QuickWatch.Options, TimeProvider.System, _logs.Logger);
}
