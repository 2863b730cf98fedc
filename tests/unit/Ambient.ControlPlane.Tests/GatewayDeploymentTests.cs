using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>What is made for Gateways before an API server that has troubles, and what of it is taken away again.</summary>
public sealed class GatewayDeploymentTests : IAsyncDisposable
{
    private static readonly ResourceKey Key = new("shop", "waypoint");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _deleted = [];
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly CancellationTokenSource _leading = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private readonly NothingSource _source = new();
    private readonly GatewayDeployment _deployment;
    private Func<ApiReply> _parameters = static () => ApiReply.Failure(404, "NotFound");
    private int _asked;
    private int _changesBeforeDeletion;
    private int _conflicts;

    public GatewayDeploymentTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
        _deployment = new GatewayDeployment(_client, _source, _view, GatewayTemplate.BuiltIn, new GatewaySettings { SystemNamespace = "istio-system", Image = "i" }, _clock, _logs.Logger);
        Assert.True(KnownResources.GatewayClasses.TryRead("""{"metadata":{"name":"istio-waypoint"},"spec":{"controllerName":"istio.io/mesh-controller"}}"""u8.ToArray(), out GatewayClass? known, out _));
        _view.Set(KnownResources.GatewayClasses, known.Key, known);
    }

    /// <summary>An API server that is busy says nothing about what the user wrote.</summary>
    [Fact]
    public async Task ParametersThatCannotBeReadForNow_AreNoFaultOfTheGateway()
    {
        Func<ApiReply>[] troubles = [static () => ApiReply.Failure(500, "InternalError"), static () => ApiReply.Failure(429, "TooManyRequests"), static () => ApiReply.HangUp()];
        int turn = 0;
        _parameters = () => turn < troubles.Length ? troubles[turn++]() : ApiReply.Ok("""{"metadata":{"name":"p","namespace":"shop"},"data":{}}""");
        var said = new ConcurrentQueue<string?>();
        _deployment.ProblemChanged += key => said.Enqueue(_deployment.ProblemOf(key));
        See("'spec':{'gatewayClassName':'istio-waypoint','infrastructure':{'parametersRef':{'group':'','kind':'ConfigMap','name':'p'}}}");
        Task running = _deployment.RunAsync(_leading.Token);

        await AdvanceUntilAsync(() => _objects.ContainsKey("deployments/waypoint"));

        Assert.Empty(said);
        Assert.Equal(troubles.Length, turn);
        await StopAsync(running);
    }

    [Theory]
    [InlineData(404, "NotFound")]
    [InlineData(403, "Forbidden")]
    public async Task ParametersThatAreNotThere_OrMayNotBeRead_AreSaid(int code, string reason)
    {
        _parameters = () => ApiReply.Failure(code, reason);
        See("'spec':{'gatewayClassName':'istio-waypoint','infrastructure':{'parametersRef':{'group':'','kind':'ConfigMap','name':'p'}}}");
        Task running = _deployment.RunAsync(_leading.Token);

        await Eventually.TrueAsync(() => _deployment.ProblemOf(Key) is not null, Limit);

        Assert.Contains("the ConfigMap p cannot be read", _deployment.ProblemOf(Key), StringComparison.Ordinal);
        await StopAsync(running);
    }

    /// <summary>An overlay that is gone takes its object along at once; what is not ours, or another Gateway's, stays.</summary>
    [Fact]
    public async Task WhatIsNotAskedForAnyMore_IsTakenAway_AndNothingElse()
    {
        Put("horizontalpodautoscalers", "waypoint", "u");
        Put("poddisruptionbudgets", "others", "u2");
        Put("poddisruptionbudgets", "users", "u", isManaged: false);
        See("'spec':{'gatewayClassName':'istio-waypoint'}");
        Task running = _deployment.RunAsync(_leading.Token);

        await Eventually.TrueAsync(() => !_deleted.IsEmpty, Limit);
        await AdvanceUntilAsync(() => _logs.Count("is taken away") == 1);

        Assert.Equal(["horizontalpodautoscalers/waypoint"], _deleted);
        Assert.True(_objects.ContainsKey("services/waypoint"));
        await StopAsync(running);
    }

    /// <summary>Under another name: the old objects serve until the new Deployment does.</summary>
    [Fact]
    public async Task ObjectsUnderAnOldName_GoOnceTheNewOnesServe()
    {
        foreach (string kind in new[] { "deployments", "services", "serviceaccounts" })
        {
            Put(kind, "waypoint", "u");
        }

        See("'spec':{'gatewayClassName':'istio-waypoint'}", "'gateway.istio.io/name-override':'other','gateway.istio.io/service-account':'other'");
        Task running = _deployment.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _objects.ContainsKey("deployments/other") && _objects.ContainsKey("services/other"), Limit);

        // Looked at again, and again nobody serves.
        int asked = _asked;
        await AdvanceUntilAsync(() => _asked >= asked + 2);
        Assert.Empty(_deleted);
        _objects["deployments/other"]["status"] = Healthy();
        await AdvanceUntilAsync(() => _deleted.Count == 3);

        Assert.Equal(["deployments/waypoint", "serviceaccounts/waypoint", "services/waypoint"], _deleted.Order(StringComparer.Ordinal));
        await StopAsync(running);
    }

    /// <summary>The new name is somebody else's, who serves well: the Gateway stays served under its old one until the name is free.</summary>
    [Theory]
    [InlineData("deployments")]
    [InlineData("services")]
    public async Task ObjectsUnderAnOldName_StayWhileTheNewNameIsSomebodyElses(string taken)
    {
        foreach (string kind in new[] { "deployments", "services", "serviceaccounts", "horizontalpodautoscalers" })
        {
            Put(kind, "waypoint", "u");
        }

        Put("deployments", "other", "u");
        Put(taken, "other", "somebody", isManaged: false);
        _objects["deployments/other"]["status"] = Healthy();
        See("'spec':{'gatewayClassName':'istio-waypoint'}", "'gateway.istio.io/name-override':'other','gateway.istio.io/service-account':'other'");
        Task running = _deployment.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => !_deleted.IsEmpty, Limit);
        int asked = _asked;
        await AdvanceUntilAsync(() => _asked >= asked + 2);
        Assert.Equal(["horizontalpodautoscalers/waypoint"], _deleted);
        Assert.Equal("somebody", (string)_objects[taken + "/other"]["metadata"]!["ownerReferences"]![0]!["uid"]!);

        _objects.TryRemove(taken + "/other", out _);
        await AdvanceUntilAsync(() => _objects.ContainsKey(taken + "/other"));
        _objects["deployments/other"]["status"] = Healthy();
        await AdvanceUntilAsync(() => _deleted.Count == 4);
        await StopAsync(running);
    }

    /// <summary>Who leads after us may have asked for it again since we looked.</summary>
    [Fact]
    public async Task WhatChangedSinceItWasLookedAt_StaysUntilItIsLookedAtAgain()
    {
        Put("poddisruptionbudgets", "waypoint", "u");
        _changesBeforeDeletion = 1;
        See("'spec':{'gatewayClassName':'istio-waypoint'}");
        Task running = _deployment.RunAsync(_leading.Token);
        await AdvanceUntilAsync(() => !_deleted.IsEmpty);
        await Eventually.TrueAsync(() => _logs.Count("is taken away") > 0, Limit);

        Assert.Equal((1, 1), (_conflicts, _logs.Count("is taken away")));
        await StopAsync(running);
    }

    /// <summary>Who leads waited for ever, without a word.</summary>
    [Fact]
    public async Task FollowingThatFailsBeforeAllIsKnown_EndsTheWork_WithItsException()
    {
        _source.IsBroken = true;
        InvalidOperationException defect = await Assert.ThrowsAsync<InvalidOperationException>(() => _deployment.RunAsync(_leading.Token).WaitAsync(Limit));
        Assert.Equal("a defect", defect.Message);
    }

    /// <summary>It went in circles until it was killed, and never gave the lead back.</summary>
    [Fact]
    public async Task LeadThatIsLost_WithoutAnyGateway_EndsTheWork()
    {
        Task running = Task.Run(() => _deployment.RunAsync(_leading.Token));
        await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
        await Task.Run(_leading.Cancel).WaitAsync(Limit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
        _leading.Dispose();
    }

    private static JsonObject Healthy() => new() { ["observedGeneration"] = 1, ["replicas"] = 1, ["updatedReplicas"] = 1, ["availableReplicas"] = 1 };

    private Task AdvanceUntilAsync(Func<bool> isSo) => Eventually.TrueAsync(
        () =>
        {
            if (!isSo() && _clock.UntilNextTimer() is not null)
            {
                _clock.Advance(TimeSpan.FromSeconds(61));
            }

            return isSo();
        },
        Limit);

    private async Task StopAsync(Task running)
    {
        await _leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private void See(string spec, string annotations = "")
    {
        string json = $$$"""{'metadata':{'name':'waypoint','namespace':'shop','uid':'u','resourceVersion':'1','generation':1,'annotations':{'gateway.istio.io/controller-version':'5'{{{(annotations.Length > 0 ? "," + annotations : "")}}}}},{{{spec}}}}""".Replace('\'', '"');
        Assert.True(KnownResources.Gateways.TryRead(Encoding.UTF8.GetBytes(json), out Gateway? read, out ReadProblem? problem), problem?.ToString());
        _view.Set(KnownResources.Gateways, read.Key, read);
    }

    private void Put(string kind, string name, string owner, bool isManaged = true) => _objects[$"{kind}/{name}"] = JsonNode.Parse($$$"""
        {"metadata":{"name":"{{{name}}}","namespace":"shop","uid":"{{{kind}}}-{{{name}}}","resourceVersion":"1","generation":1,
         "labels":{"gateway.networking.k8s.io/gateway-name":"waypoint"{{{(isManaged ? ",\"gateway.istio.io/managed\":\"istio.io-mesh-controller\"" : "")}}}},
         "ownerReferences":[{"kind":"Gateway","name":"waypoint","uid":"{{{owner}}}"}]}}
        """)!.AsObject();

    private ApiReply Answer(ApiCall call)
    {
        string[] parts = call.Path.Split('/');
        if (!call.Path.Contains("/namespaces/", StringComparison.Ordinal))
        {
            return ApiReply.Ok("""{"resources":[{"name":"deployments"},{"name":"horizontalpodautoscalers"},{"name":"poddisruptionbudgets"},{"name":"gateways"}]}""");
        }

        int at = Array.IndexOf(parts, "shop") + 1;
        string kind = parts[at], path = string.Join('/', parts[at..]);
        if (kind == "configmaps")
        {
            return _parameters();
        }

        switch (call.Method)
        {
            case "PATCH":
                JsonObject made = JsonNode.Parse(call.Body)!.AsObject();
                made["metadata"]!["generation"] = 1;
                made["metadata"]!["uid"] = path;
                if (_objects.GetValueOrDefault(path)?["status"] is { } status)
                {
                    made["status"] = status.DeepClone();
                }

                _objects[path] = made;
                return ApiReply.Ok(made.ToJsonString());
            case "DELETE":
                JsonNode only = JsonNode.Parse(call.Body)!["preconditions"]!;
                if (_changesBeforeDeletion-- > 0)
                {
                    _objects[path]["metadata"]!["resourceVersion"] = "2";
                }

                if (only["resourceVersion"] is { } version && (string?)version != (string?)_objects[path]["metadata"]!["resourceVersion"])
                {
                    _conflicts++;
                    return ApiReply.Failure(409, "Conflict");
                }

                Assert.Equal(path.Replace('/', '-'), (string)only["uid"]!);
                _deleted.Enqueue(path);
                return _objects.TryRemove(path, out _) ? ApiReply.Ok("{}") : ApiReply.Failure(404, "NotFound");
            case "GET" when parts.Length == at + 1:
                _asked += kind == "deployments" ? 1 : 0;
                Assert.Equal("gateway.istio.io/managed,gateway.networking.k8s.io/gateway-name=waypoint", call.Query["labelSelector"]);
                return ApiReply.List("9", _objects.Where(pair => pair.Key.StartsWith(kind + "/", StringComparison.Ordinal) && pair.Value["metadata"]!["labels"]!["gateway.istio.io/managed"] is not null).Select(static pair => pair.Value.ToJsonString()));
            default:
                return _objects.TryGetValue(path, out JsonObject? found) ? ApiReply.Ok(found.ToJsonString()) : ApiReply.Failure(404, "NotFound");
        }
    }

    /// <summary>Nothing is there but what the test says.</summary>
    private sealed class NothingSource : IResourceSource
    {
        public bool IsBroken { get; set; }

        public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
            where T : Resource
        {
            if (IsBroken)
            {
                throw new InvalidOperationException("a defect");
            }

            await tell(ResourceEvent<T>.ListBegins());
            await tell(ResourceEvent<T>.ListEnds());
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        }
    }
}
