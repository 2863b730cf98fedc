using System.Collections.Concurrent;
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
    private readonly ConcurrentQueue<JsonNode> _said = [];
    private readonly Logs _logs = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private Action? _written;

    public RefusedStatusesTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
    }

    /// <summary>What we write brings the object back: were the time another, that would be a change, and so for ever.</summary>
    [Fact]
    public async Task TheSameProblemAgain_SaysTheSame_AndAnotherOneItsOwnTime()
    {
        var clock = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var statuses = new ObjectStatuses(_client, new ClusterView(), WritingRevision.Default, clock, _logs.Logger);
        using var leading = new CancellationTokenSource();
        Task running = statuses.RunAsync(leading.Token);
        foreach (string problem in new[] { "rules", "rules", "action" })
        {
            int before = _said.Count;
            statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem(problem), "nothing is in force");
            await Eventually.TrueAsync(() => _said.Count == before + 1, Limit);
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        string[] times = [.. _said.Select(static condition => (string)condition["lastTransitionTime"]!)];
        Assert.Equal(["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:10Z"], times);
        Assert.Contains("nothing is in force", (string)_said.First()["message"]!, StringComparison.Ordinal);
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Theirs takes the place of ours at once, and the watch brings the object, which still cannot be read: for the same reason, or for another each time.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SomebodyWhoWritesTheSameStatus_IsNamed_AndNotWrittenAgainstForEver(bool isAnotherEachTime)
    {
        var clock = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(50));
        var statuses = new ObjectStatuses(_client, new ClusterView(), WritingRevision.Default, clock, _logs.Logger);
        _written = () => statuses.Refuse(KnownResources.AuthorizationPolicies, Key, Problem(isAnotherEachTime && _said.Count % 2 == 1 ? "action" : "rules"), "nothing is in force");
        using var leading = new CancellationTokenSource();
        Task running = statuses.RunAsync(leading.Token);
        _written();
        await Eventually.TrueAsync(() => _logs.Count("somebody else writes the same status again and again") == 1, Limit);
        Assert.Equal((5, 1), (_said.Count, _logs.Count("istiod-theirs")));
        for (int minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null, Limit);
            clock.Advance(TimeSpan.FromSeconds(61));
            int expected = 5 + minute;
            await Eventually.TrueAsync(() => _said.Count == expected, Limit);
        }

        await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null, Limit);
        Assert.Equal((8, 1), (_said.Count, _logs.Count("again and again")));
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private static ReadProblem Problem(string field)
    {
        string json = $$$"""{"metadata":{"name":"p","namespace":"shop"},"spec":{"{{{field}}}":7}}""";
        Assert.False(KnownResources.AuthorizationPolicies.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        return problem;
    }

    private ApiReply Answer(ApiCall call)
    {
        if (call.Method == "GET" && call.Path.EndsWith("/authorizationpolicies/p", StringComparison.Ordinal))
        {
            return ApiReply.Ok("""{"metadata":{"managedFields":[{"manager":"ambientd-status","subresource":"status"},{"manager":"istiod-theirs","subresource":"status"}]}}""");
        }

        if (call.Method != "PATCH")
        {
            return call.Path == "/apis/security.istio.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"authorizationpolicies"}]}""") : ApiReply.Failure(404, "NotFound");
        }

        Assert.Equal("/apis/security.istio.io/v1/namespaces/shop/authorizationpolicies/p/status", call.Path);
        _said.Enqueue(JsonNode.Parse(call.Body)!["status"]!["conditions"]![0]!);
        _written?.Invoke();
        return ApiReply.Ok("""{"metadata":{"name":"p","namespace":"shop"}}""");
    }
}
