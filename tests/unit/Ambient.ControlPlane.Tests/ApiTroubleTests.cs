using System.Globalization;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;
using Ambient.Mesh.Views;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;

namespace Ambient.ControlPlane.Tests;

/// <summary>The whole program before an API server in all kinds of trouble, seen from a ztunnel.</summary>
public sealed class ApiTroubleTests
{
    private const string Waypoint = """
        {"metadata":{"name":"waypoint","namespace":"ns","uid":"g","resourceVersion":"1","generation":1},"spec":{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE"}]}}
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task SlowBusyFailingForgettingServer_TakesNothingBack_AndIsFollowedAgain()
    {
        int lists = 0, watches = 0, releases = 0;
        string half = Objects.Event("ADDED", Pod("half", 6));
        await using var server = new ScriptedApiServer(call => call.Path != "/api/v1/pods" ? Other(call)
            : !call.IsWatch ? ++lists switch
            {
                1 => ApiReply.HangUp(),
                2 => ApiReply.Failure(429, "TooManyRequests"),
                3 => ApiReply.Failure(500, "InternalError"),
                4 => ApiReply.Silence(),
                5 => ApiReply.Ok("<html>a proxy's page</html>"),
                6 => ApiReply.List("1", [Pod("first", 1)]),
                _ => ApiReply.List("20", [Pod("first", 1), Pod("second", 5), Pod("missed", 15)]),
            }
            : call.Version switch
            {
                // Cut in the middle of a line; then too old; then busy, broken, and at last the rest.
                "1" => ApiReply.Watch(Objects.Event("ADDED", Pod("second", 5)) + half[..(half.Length / 2)], WatchFinish.Cut),
                "5" when Volatile.Read(ref releases) == 0 => ApiReply.Watch("", WatchFinish.End),
                "5" => ApiReply.Watch(Objects.Gone()),
                "20" => ++watches switch
                {
                    1 => ApiReply.Failure(503, "ServiceUnavailable"),
                    2 => ApiReply.Failure(429, "TooManyRequests"),
                    3 => ApiReply.Failure(410, "Expired"),
                    _ => ApiReply.Watch(Objects.Event("ADDED", Pod("last", 21)) + Objects.Event("DELETED", Pod("missed", 22)), WatchFinish.Open),
                },
                _ => ApiReply.Watch("", WatchFinish.Open),
            });
        using KubernetesClient api = server.Client(new ClientOptions { Tries = 1, RequestPatience = TimeSpan.FromMilliseconds(500) });
        await using var plane = new RunningPlane();
        await plane.StartAsync(new KubernetesSource(api, QuickWatch.Options, TimeProvider.System, plane.SourceLog));
        var state = new MeshState("n1");
        AdsClient client = plane.Client(state);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);
        bool Knows(string pod) => state.Current.FindWorkloadByUid("Kubernetes//Pod/ns/" + pod) is not null;

        await client.Ready.WaitAsync(Limit);
        await Eventually.TrueAsync(() => Knows("first") && Knows("second"), Limit);
        Assert.False(Knows("half"));
        Volatile.Write(ref releases, 1);
        await Eventually.TrueAsync(() => Knows("last") && !Knows("missed"), Limit);
        Assert.True(Knows("first") && Knows("second"));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task FloodOfChanges_EndsInTheLastState()
    {
        const int Pods = 200, Rounds = 30;
        string flood = string.Concat(Enumerable.Range(1, Pods * Rounds).Select(static i => Objects.Event("MODIFIED", Pod($"p{i % Pods}", i + 1, (i - 1) / Pods))));
        await using var server = new ScriptedApiServer(call => call.Path != "/api/v1/pods" ? Other(call)
            : !call.IsWatch ? ApiReply.List("1", [])
            : ApiReply.Watch(call.Version == "1" ? flood : "", WatchFinish.Open));
        using KubernetesClient api = server.Client();
        await using var plane = new RunningPlane();
        await plane.StartAsync(new KubernetesSource(api, QuickWatch.Options, TimeProvider.System, plane.SourceLog));
        var state = new MeshState("n1");
        AdsClient client = plane.Client(state);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);

        await Eventually.TrueAsync(
            () => Enumerable.Range(0, Pods).All(i => state.Current.FindWorkloadByUid($"Kubernetes//Pod/ns/p{i}")?.ServiceAccount == "sa" + (Rounds - 1).ToString(CultureInfo.InvariantCulture)), Limit);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task PolicyThatCannotBeRead_IsNamedInTheLog_WithWhatIsInForceInstead()
    {
        const string Policy = """{"metadata":{"name":"deny","namespace":"ns","uid":"u","resourceVersion":"3"},"spec":{"action":"DENY","rules":"all"}}""";
        await using var server = new ScriptedApiServer(call => call.Path switch
        {
            "/apis/security.istio.io/v1" => ApiReply.Ok("""{"resources":[{"name":"authorizationpolicies"}]}"""),
            "/apis/security.istio.io/v1/authorizationpolicies" => call.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("3", [Policy]),
            "/api/v1/pods" => call.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", []),
            _ => Other(call),
        });
        using KubernetesClient api = server.Client();
        await using var plane = new RunningPlane();
        await plane.StartAsync(new KubernetesSource(api, QuickWatch.Options, TimeProvider.System, plane.SourceLog));

        await Eventually.TrueAsync(
            () => plane.Lines.Any(static line => line.Contains("spec.rules: is not a list", StringComparison.Ordinal) && line.Contains("everything that it may have denied is denied", StringComparison.Ordinal)),
            Limit);
    }

    [Fact]
    [Trait("behaviour", "CP-235")]
    public async Task NothingIsWritten_BeforeEverythingIsKnown_AndWhatCameMeanwhileIsHandledThen()
    {
        int asked = 0, released = 0;
        await using var server = new ScriptedApiServer(call => call switch
        {
            { Method: "PATCH" or "POST" or "PUT" } => ApiReply.Failure(503, "ServiceUnavailable"),
            { IsWatch: true } => ApiReply.Watch("", WatchFinish.Open),
            { Path: "/apis/gateway.networking.k8s.io/v1" } => ApiReply.Ok("""{"resources":[{"name":"gateways"},{"name":"gatewayclasses"}]}"""),
            { Path: "/apis/gateway.networking.k8s.io/v1/gateways" } => ApiReply.List("1", [Waypoint]),
            { Path: "/apis/gateway.networking.k8s.io/v1/gatewayclasses" } => ApiReply.List("1", ["""{"metadata":{"name":"istio-waypoint","uid":"c","resourceVersion":"1"},"spec":{"controllerName":"istio.io/mesh-controller"}}"""]),
            { Path: "/apis/apps/v1/deployments" } => ApiReply.List("1", []),
            { Path: "/api/v1/namespaces" } => ApiReply.List("1", ["""{"metadata":{"name":"ns","uid":"n","resourceVersion":"1"}}"""]),
            { Path: "/api/v1/pods" } when Volatile.Read(ref released) == 0 => Refused(ref asked),
            { Path: "/api/v1/pods" } => ApiReply.List("1", []),
            _ => Other(call),
        });
        using KubernetesClient api = server.Client(new ClientOptions { Tries = 1 });
        await using var plane = new RunningPlane();
        await plane.StartAsync(new KubernetesSource(api, QuickWatch.Options, TimeProvider.System, plane.SourceLog), api);
        string[] Written() => [.. server.Calls.Where(static call => call.Method is not "GET").Select(static call => call.Path)];

        // All else is known, and the pods have been asked for in vain again and again.
        await Eventually.TrueAsync(() => server.Calls.Any(static call => call.IsWatch && call.Path.EndsWith("/gateways", StringComparison.Ordinal)) && Volatile.Read(ref asked) > 5, Limit);
        Assert.Empty(Written());
        Volatile.Write(ref released, 1);
        await Eventually.TrueAsync(() => Written().Any(static path => path.EndsWith("/ns/gateways/waypoint", StringComparison.Ordinal)) && Written().Any(static path => path.EndsWith("/ns/configmaps/istio-ca-root-cert", StringComparison.Ordinal)), Limit);
    }

    private static ApiReply Refused(ref int times)
    {
        Volatile.Write(ref times, times + 1);
        return ApiReply.Failure(503, "ServiceUnavailable");
    }

    private static ApiReply Other(ApiCall call) => call.Path switch
    {
        "/apis/discovery.k8s.io/v1" => ApiReply.Ok("""{"resources":[{"name":"endpointslices"}]}"""),
        "/api/v1/namespaces" or "/api/v1/nodes" or "/api/v1/services" or "/api/v1/configmaps" or "/api/v1/namespaces/istio-system/configmaps" or "/api/v1/secrets" or "/api/v1/serviceaccounts" or "/apis/discovery.k8s.io/v1/endpointslices" =>
            call.IsWatch ? ApiReply.Watch("", WatchFinish.Open) : ApiReply.List("1", []),
        _ => ApiReply.Failure(404, "NotFound"),
    };

    private static string Pod(string name, int version, int round = 0) => $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","namespace":"ns","uid":"u-{{{name}}}","resourceVersion":"{{{version}}}"},"spec":{"nodeName":"n1","serviceAccountName":"sa{{{round}}}"},"status":{"phase":"Running","podIP":"10.0.0.1"}}
        """;
}
