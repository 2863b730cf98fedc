using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>Statuses of objects that cannot be read.</summary>
public sealed class RefusedStatusesTests : IAsyncDisposable
{
    private static readonly ResourceKey Key = new("shop", "p");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly Logs _logs = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private Action? _written;
    private readonly JsonObject _policy = JsonNode.Parse("""
        {"metadata":{"name":"p","namespace":"shop","resourceVersion":"1","generation":7,"labels":{}},"spec":{"rules":7},
         "status":{"conditions":[{"type":"Theirs","status":"True","reason":"R","message":"M"},{"type":"WaypointAccepted","status":"True","reason":"Accepted","message":""}]}}
        """)!.AsObject();

    private Func<ApiReply?> _trouble = static () => null;
    private int _writes;
    private int _reads;

    public RefusedStatusesTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
    }

    /// <summary>What we write brings the object back: the same problem again is nothing new.</summary>
    [Fact]
    public async Task TheProblemIsSaid_Once_BesideWhatOthersSay_AboutTheVersionThatWasLookedAt()
    {
        (ObjectStatuses statuses, Func<Task> stop) = Start(WritingRevision.Default);
        statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem("rules"), "nothing is in force");
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        Assert.Equal("Theirs ZtunnelAccepted", Types());
        Assert.Equal(("False", "Invalid", 7L, "2020-01-01T00:00:00Z"), ((string)Said["status"]!, (string)Said["reason"]!, (long)Said["observedGeneration"]!, (string)Said["lastTransitionTime"]!));
        Assert.Contains("nothing is in force", (string)Said["message"]!, StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromSeconds(5));
        int reads = _reads;
        statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem("rules"), "nothing is in force");
        await Eventually.TrueAsync(() => _reads == reads + 1, Limit);
        statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem("action"), "nothing is in force");
        await Eventually.TrueAsync(() => _writes == 2, Limit);

        // Another reason, and still not accepted since then.
        Assert.Equal("2020-01-01T00:00:00Z", (string)Said["lastTransitionTime"]!);
        Assert.Equal("Theirs ZtunnelAccepted", Types());
        await stop();
    }

    [Fact]
    public async Task SomebodyWhoWasFaster_IsNotWrittenOver()
    {
        int conflicts = 0;
        _trouble = () =>
        {
            if (conflicts++ > 0)
            {
                return null;
            }

            _policy["metadata"]!["resourceVersion"] = "2";
            _policy["status"]!["conditions"]!.AsArray().Add(JsonNode.Parse("""{"type":"Late","status":"True","reason":"R","message":"M"}"""));
            return ApiReply.Failure(409, "Conflict");
        };
        (ObjectStatuses statuses, Func<Task> stop) = Start(WritingRevision.Default);
        statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem("rules"), "nothing is in force");
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return _writes == 1;
            },
            Limit);
        Assert.Equal("Theirs Late ZtunnelAccepted", Types());
        await stop();
    }

    /// <summary>Of an object that was never readable only its JSON says whose it is.</summary>
    [Theory]
    [InlineData("default", "", true)]
    [InlineData("default", "canary", false)]
    [InlineData("canary", "canary", true)]
    [InlineData("canary", "", false)]
    public async Task TheRevisionThatItNames_SaysIt(string revision, string label, bool isSaid)
    {
        if (label.Length > 0)
        {
            _policy["metadata"]!["labels"]!["istio.io/rev"] = label;
        }

        (ObjectStatuses statuses, Func<Task> stop) = Start(new WritingRevision(revision));
        statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem("rules"), "nothing is in force");
        await Eventually.TrueAsync(() => isSaid ? _writes == 1 : _reads == 1, Limit);
        await stop();
        Assert.Equal(isSaid ? 1 : 0, _writes);
    }

    /// <summary>Theirs takes the place of ours at once, and the watch brings the object, which still cannot be read: for the same reason, or for another each time.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SomebodyWhoWritesTheSameStatus_IsNamed_AndNotWrittenAgainstForEver(bool isAnotherEachTime)
    {
        (ObjectStatuses statuses, Func<Task> stop) = Start(WritingRevision.Default);
        _policy["metadata"]!["managedFields"] = JsonNode.Parse("""[{"manager":"ambientd-status","subresource":"status"},{"manager":"istiod-theirs","subresource":"status"}]""");
        _written = () =>
        {
            _policy["status"] = JsonNode.Parse("""{"conditions":[{"type":"ZtunnelAccepted","status":"True","reason":"Accepted","message":""}]}""");
            statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem(isAnotherEachTime && _writes % 2 == 1 ? "action" : "rules"), "nothing is in force");
        };
        _written();
        await Eventually.TrueAsync(() => _logs.Count("somebody else writes the same status again and again") == 1, Limit);
        Assert.Equal((5, 1), (_writes, _logs.Count("istiod-theirs")));
        for (int minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
            _clock.Advance(TimeSpan.FromSeconds(61));
            int expected = 5 + minute;
            await Eventually.TrueAsync(() => _writes == expected, Limit);
        }

        await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
        Assert.Equal((8, 1), (_writes, _logs.Count("again and again")));
        await stop();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private JsonNode Said => _policy["status"]!["conditions"]!.AsArray().Single(static condition => (string)condition!["type"]! == "ZtunnelAccepted")!;

    private string Types() => string.Join(' ', _policy["status"]!["conditions"]!.AsArray().Select(static condition => (string)condition!["type"]!));

    private (ObjectStatuses Statuses, Func<Task> Stop) Start(WritingRevision revision)
    {
        var statuses = new ObjectStatuses(_client, new ClusterView(), revision, _clock, _logs.Logger);
        var leading = new CancellationTokenSource();
        Task running = statuses.RunAsync(leading.Token);

        async Task StopAsync()
        {
            await leading.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            leading.Dispose();
        }

        return (statuses, StopAsync);
    }

    private static ReadProblem Problem(string field)
    {
        string json = $$$"""{"metadata":{"name":"p","namespace":"shop"},"spec":{"{{{field}}}":7}}""";
        Assert.False(KnownResources.AuthorizationPolicies.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        return problem;
    }

    private ApiReply Answer(ApiCall call)
    {
        const string Path = "/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/p";
        if (call.Method != "PATCH")
        {
            if (call.Path == Path)
            {
                _reads++;
                return ApiReply.Ok(_policy.ToJsonString());
            }

            return call.Path == "/apis/security.istio.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"authorizationpolicies"}]}""") : ApiReply.Failure(404, "NotFound");
        }

        Assert.Equal(Path + "/status", call.Path);
        if (_trouble() is { } trouble)
        {
            return trouble;
        }

        JsonNode body = JsonNode.Parse(call.Body)!;
        Assert.Equal((string)_policy["metadata"]!["resourceVersion"]!, (string)body["metadata"]!["resourceVersion"]!);
        _policy["status"] = body["status"]!.DeepClone();
        _policy["metadata"]!["resourceVersion"] = (string)_policy["metadata"]!["resourceVersion"]! + "0";
        _writes++;
        _written?.Invoke();
        return ApiReply.Ok(_policy.ToJsonString());
    }
}
