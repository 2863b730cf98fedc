using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>Statuses of Gateways before an API server where somebody else writes them, too.</summary>
public sealed class GatewayStatusesTests : IAsyncDisposable
{
    private const string Quarrel = "somebody else writes the same status again and again";
    private static readonly ResourceKey Key = new("apps", "w");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly CancellationTokenSource _leading = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private readonly GatewayStatuses _statuses;
    private JsonObject _gateway = JsonNode.Parse("""
        {"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"w","namespace":"apps","uid":"u","resourceVersion":"1","generation":1},
         "spec":{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE"}]}}
        """)!.AsObject();
    private bool _isAnswered = true;
    private bool _hasAddresses;
    private int _writes;

    public GatewayStatusesTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
        _statuses = new GatewayStatuses(_client, _view, null, WritingRevision.Default, "cluster.local", _clock, _logs.Logger);
        Assert.True(KnownResources.GatewayClasses.TryRead("""{"metadata":{"name":"istio-waypoint"},"spec":{"controllerName":"istio.io/mesh-controller"}}"""u8, out GatewayClass? known, out _));
        _view.Set(KnownResources.GatewayClasses, known.Key, known);
    }

    /// <summary>Addresses that nothing here contradicts are kept, so that the other's come back in ours: with another one each time nothing would ever be the same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SomebodyWhoWritesTheSameStatus_IsNamed_AndNotWrittenAgainstForEver(bool withAddresses)
    {
        _hasAddresses = withAddresses;
        See();
        Task running = _statuses.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _logs.Count(Quarrel) == 1, Limit);
        Assert.Equal(5, _writes);
        Assert.Equal(1, _logs.Count("istiod-theirs"));
        for (int minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
            _clock.Advance(TimeSpan.FromSeconds(61));
            int expected = 5 + minute;
            await Eventually.TrueAsync(() => _writes == expected, Limit);
        }

        // Something new is written at once: here the Gateway itself is another.
        _isAnswered = false;
        await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
        _gateway["metadata"]!["generation"] = 2;
        Next();
        See();
        await Eventually.TrueAsync(() => _writes == 9, Limit);
        Assert.Equal(2, (long)_gateway["status"]!["conditions"]![0]!["observedGeneration"]!);
        Assert.Equal(1, _logs.Count(Quarrel));
        await StopAsync(running);
    }

    [Fact]
    public async Task Nobody_IsNamed_WhenItIsOurselvesWhoHaveSomethingNewToSay()
    {
        _isAnswered = false;
        See();
        Task running = _statuses.RunAsync(_leading.Token);
        await Eventually.TrueAsync(() => _writes == 1, Limit);
        for (int i = 1; i <= 20; i++)
        {
            // The Service behind it loses its port and gets it back.
            string port = i % 2 == 0 ? "15008" : "15021";
            Assert.True(KnownResources.Services.TryRead(Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"w","namespace":"apps"},"spec":{"clusterIP":"10.1.0.1","ports":[{"port":{{{port}}}}]}}"""), out Kubernetes.Resources.Services.Service? service, out _));
            See();
            _view.Set(KnownResources.Services, Key, service);
            int expected = 1 + i;
            await Eventually.TrueAsync(() => _writes == expected, Limit);
        }

        Assert.Equal(0, _logs.Count(Quarrel));
        await StopAsync(running);
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

    /// <summary>The watch brings what the server has.</summary>
    private void See()
    {
        Assert.True(KnownResources.Gateways.TryRead(Encoding.UTF8.GetBytes(_gateway.ToJsonString()), out Gateway? seen, out ReadProblem? problem), problem?.ToString());
        _view.Set(KnownResources.Gateways, Key, seen);
    }

    private void Next() => _gateway["metadata"]!["resourceVersion"] = (int.Parse((string)_gateway["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);

    private ApiReply Answer(ApiCall call)
    {
        if (call.Method == "GET" && call.Path.EndsWith("/gateways/w", StringComparison.Ordinal))
        {
            return ApiReply.Ok("""{"metadata":{"managedFields":[{"manager":"ambientd-status","subresource":"status"},{"manager":"istiod-theirs","subresource":"status"}]}}""");
        }

        if (call.Method != "PATCH")
        {
            return call.Path == "/apis/gateway.networking.k8s.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"gateways"}]}""") : ApiReply.Failure(404, "NotFound");
        }

        Assert.Equal("/apis/gateway.networking.k8s.io/v1/namespaces/apps/gateways/w/status", call.Path);
        JsonObject patch = JsonNode.Parse(call.Body)!.AsObject();
        if ((string)patch["metadata"]!["resourceVersion"]! != (string)_gateway["metadata"]!["resourceVersion"]!)
        {
            return ApiReply.Failure(409, "Conflict");
        }

        JsonObject next = _gateway.DeepClone().AsObject();
        next["status"] = patch["status"]!.DeepClone();
        _gateway = next;
        Next();
        Interlocked.Increment(ref _writes);
        string answer = _gateway.ToJsonString();
        if (_isAnswered)
        {
            // Theirs takes the place of ours at once, and the watch brings it.
            _gateway["status"]!["conditions"]![0]!["message"] = "theirs " + _writes.ToString(CultureInfo.InvariantCulture);
            if (_hasAddresses)
            {
                _gateway["status"]!["addresses"] = new JsonArray(new JsonObject { ["type"] = "IPAddress", ["value"] = "9.9.9." + _writes.ToString(CultureInfo.InvariantCulture) });
            }

            Next();
            See();
        }

        return ApiReply.Ok(answer);
    }
}
