using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>Statuses of routes before an API server that refuses, forgets and is changed by others.</summary>
public sealed class RoutingStatusesTests : IAsyncDisposable
{
    private static readonly ResourceKey Key = new("apps", "r");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly CancellationTokenSource _leading = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private readonly RoutingStatuses _statuses;
    private JsonObject _route = JsonNode.Parse("""{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"apps","uid":"u","resourceVersion":"1","generation":1},"spec":{}}""")!.AsObject();
    private Func<ApiReply?> _trouble = static () => null;
    private Action _written = static () => { };
    private int _writes;

    public RoutingStatusesTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
        _statuses = new RoutingStatuses(_client, _view, WritingRevision.Default, new WritePace(1000, 10, TimeProvider.System), TimeProvider.System, _logs.Logger);
    }

    [Fact]
    public async Task WhatIsSaid_IsWrittenOnce_AndOnlyByWhoLeads()
    {
        See();
        Want("Accepted", 1);
        Assert.Equal(0, _writes);
        Task running = _statuses.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        Assert.Equal("Accepted", Reason());

        // What we wrote comes back by the watch; the same verdict again is nothing new either.
        See();
        Want("Accepted", 1);
        Want("NoMatchingParent", 1);
        await Eventually.TrueAsync(() => Reason() == "NoMatchingParent", Limit);
        Assert.Equal(2, _writes);
        await StopAsync(running);
    }

    [Fact]
    public async Task Refusals_AreTriedAgain_AConflictWhenTheOtherVersionIsHere()
    {
        int troubles = 0;
        _trouble = () => ++troubles switch { 1 => ApiReply.Failure(500, "InternalError"), 2 => ApiReply.HangUp(), 3 => ApiReply.Failure(429, "TooManyRequests"), _ => null };
        See();
        Want("Accepted", 1);
        Touch();
        Task running = _statuses.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _server.Calls.Count(static call => call.Method == "PATCH") == 4, Limit);
        Assert.Equal(0, _writes);

        // The fourth met somebody else's version, which was not here yet.
        See();
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        Assert.Equal("Accepted", Reason());
        Assert.Equal("theirs", (string)_route["metadata"]!["labels"]!["touched"]!);
        await StopAsync(running);
    }

    [Fact]
    public async Task AVerdictOnAnotherGeneration_IsNotWritten()
    {
        _route["metadata"]!["generation"] = 2;
        See();
        Want("Accepted", 1);
        Task running = _statuses.RunAsync(_leading.Token);
        Want("NoMatchingParent", 2);
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        Assert.Equal("NoMatchingParent", Reason());
        Assert.Equal(2, (long)_route["status"]!["parents"]![0]!["conditions"]![0]!["observedGeneration"]!);
        await StopAsync(running);
    }

    [Fact]
    public async Task OfALimit_ItIsSaidWhatBecomesOfEachTarget()
    {
        const string Object = """{"apiVersion":"ambient.mesh/v1alpha1","kind":"LocalRateLimit","metadata":{"name":"r","namespace":"apps","uid":"u","resourceVersion":"1","generation":1},"spec":{}}""";
        TaskCompletionSource<ApiCall> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedApiServer server = new(call =>
        {
            if (call.Method == "PATCH")
            {
                written.TrySetResult(call);
            }

            return call.Path == "/apis/ambient.mesh/v1alpha1" ? ApiReply.Ok("""{"resources":[{"name":"localratelimits"}]}""") : ApiReply.Ok(Object);
        });
        using KubernetesClient client = server.Client(new ClientOptions { Tries = 1 });
        var statuses = new RoutingStatuses(client, _view, WritingRevision.Default, new WritePace(1000, 10, TimeProvider.System), TimeProvider.System, _logs.Logger);
        Assert.True(KnownResources.LocalRateLimits.TryReadAny(Encoding.UTF8.GetBytes(Object), out Resource? seen, out ReadProblem? problem), problem?.ToString());
        _view.Set(KnownResources.LocalRateLimits, Key, seen);
        ParentConditions said = new(new ParentReference { Group = "", Kind = "Service", Namespace = "apps", Name = "cart" }, [new Condition { Type = "Accepted", Status = "True", Reason = "Accepted", Message = "m" }]) { Controller = "istio.io/mesh-controller" };
        statuses.Want([new ObjectConditions(KnownResources.LocalRateLimits, Key, [], [said]) { Generation = 1 }]);
        Task running = statuses.RunAsync(_leading.Token);
        ApiCall call = await written.Task.WaitAsync(Limit);
        Assert.Equal("/apis/ambient.mesh/v1alpha1/namespaces/apps/localratelimits/r/status", call.Path);
        JsonNode entry = JsonNode.Parse(call.Body)!["status"]!["ancestors"]![0]!;
        Assert.Equal(("cart", "istio.io/mesh-controller", "True"), ((string)entry["ancestorRef"]!["name"]!, (string)entry["controllerName"]!, (string)entry["conditions"]![0]!["status"]!));
        await StopAsync(running);
    }

    [Fact]
    public async Task TwoRevisions_WriteEachItsOwn_AndWhatHasNoLabelIsTheDefaults()
    {
        var canary = new RoutingStatuses(_client, _view, new WritingRevision("canary"), new WritePace(1000, 10, TimeProvider.System), TimeProvider.System, _logs.Logger);
        Task both = Task.WhenAll(canary.RunAsync(_leading.Token), _statuses.RunAsync(_leading.Token));
        See();

        Want("Canary", 1, canary);
        Want("Accepted", 1);
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        Assert.Equal("Accepted", Reason());

        _route["metadata"]!["labels"] = new JsonObject { ["istio.io/rev"] = "canary" };
        Next();
        See();
        await Eventually.TrueAsync(() => Reason() == "Canary", Limit);
        See();
        Want("NoMatchingParent", 1);
        Want("CanaryAgain", 1, canary);
        await Eventually.TrueAsync(() => Reason() == "CanaryAgain", Limit);
        Assert.Equal(3, _writes);
        await StopAsync(both);
    }

    [Fact]
    public async Task SomebodyWhoWritesTheSameEntries_IsNamed_AndNotWrittenAgainstForEver()
    {
        var clock = new Ambient.Testing.Clocks.ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var statuses = new RoutingStatuses(_client, _view, WritingRevision.Default, new WritePace(1000, 10, clock), clock, _logs.Logger);
        _written = () =>
        {
            // Theirs takes the place of ours at once, and the watch brings it.
            _route["status"]!["parents"]![0]!["conditions"]![0]!["message"] = "theirs";
            Next();
            See();
        };
        See();
        Want("Accepted", 1, statuses);
        Task running = statuses.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _logs.Count("somebody else writes the same status again and again") == 1, Limit);
        Assert.Equal(5, _writes);
        Assert.Equal(1, _logs.Count("istiod-theirs"));
        for (int minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null, Limit);
            clock.Advance(TimeSpan.FromSeconds(61));
            int expected = 5 + minute;
            await Eventually.TrueAsync(() => _writes == expected, Limit);
        }

        // Something new is written at once, and who does not answer it is not named again.
        await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null, Limit);
        _written = static () => { };
        Want("NoMatchingParent", 1, statuses);
        await Eventually.TrueAsync(() => _writes == 9, Limit);
        Assert.Equal(1, _logs.Count("somebody else writes the same status again and again"));
        await StopAsync(running);
    }

    [Fact]
    public async Task Pace_HoldsBackWhatIsMoreThanABurst()
    {
        var clock = new Ambient.Testing.Clocks.ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var pace = new WritePace(10, 3, clock);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(pace.WaitAsync(CancellationToken.None).IsCompleted);
        }

        Task fourth = pace.WaitAsync(CancellationToken.None), fifth = pace.WaitAsync(CancellationToken.None);
        Assert.False(fourth.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await fourth;
        Assert.False(fifth.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await fifth;

        // Somebody sets the wall clock back.
        clock.Jump(TimeSpan.FromHours(-3));
        Task sixth = pace.WaitAsync(CancellationToken.None);
        Assert.False(sixth.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(sixth.IsCompleted);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _leading.Dispose();
        _logs.Dispose();
    }

    private async Task StopAsync(Task running)
    {
        await _leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private string Reason() => (string)_route["status"]!["parents"]![0]!["conditions"]![0]!["reason"]!;

    /// <summary>The watch brings what the server has.</summary>
    private void See()
    {
        Assert.True(KnownResources.HttpRoutes.TryReadAny(Encoding.UTF8.GetBytes(_route.ToJsonString()), out Resource? seen, out ReadProblem? problem), problem?.ToString());
        _view.Set(KnownResources.HttpRoutes, Key, seen);
    }

    private void Want(string reason, long generation, RoutingStatuses? by = null) => (by ?? _statuses).Want(
    [
        new ObjectConditions(
            KnownResources.HttpRoutes,
            Key,
            [],
            [new ParentConditions(new ParentReference { Group = "", Kind = "Service", Name = "cart" }, [new Condition { Type = "Accepted", Status = reason == "Accepted" ? "True" : "False", Reason = reason, Message = "m" }])])
        { Generation = generation },
    ]);

    /// <summary>Somebody else changes the object.</summary>
    private void Touch()
    {
        _route["metadata"]!["labels"] = new JsonObject { ["touched"] = "theirs" };
        Next();
    }

    private void Next() => _route["metadata"]!["resourceVersion"] = (int.Parse((string)_route["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);

    private ApiReply Answer(ApiCall call)
    {
        if (call.Method == "GET" && call.Path.EndsWith("/httproutes/r", StringComparison.Ordinal))
        {
            return ApiReply.Ok("""{"metadata":{"managedFields":[{"manager":"kubectl"},{"manager":"ambientd-status","subresource":"status"},{"manager":"istiod-theirs","subresource":"status"}]}}""");
        }

        if (call.Method != "PATCH")
        {
            return call.Path == "/apis/gateway.networking.k8s.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"httproutes"}]}""") : ApiReply.Failure(404, "NotFound");
        }

        Assert.Equal("/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/r/status", call.Path);
        if (_trouble() is { } refused)
        {
            return refused;
        }

        JsonObject patch = JsonNode.Parse(call.Body)!.AsObject();
        if ((string)patch["metadata"]!["resourceVersion"]! != (string)_route["metadata"]!["resourceVersion"]!)
        {
            return ApiReply.Failure(409, "Conflict");
        }

        JsonObject next = _route.DeepClone().AsObject();
        next["status"] = patch["status"]!.DeepClone();
        _route = next;
        Next();
        Interlocked.Increment(ref _writes);
        string answer = _route.ToJsonString();
        _written();
        return ApiReply.Ok(answer);
    }
}
