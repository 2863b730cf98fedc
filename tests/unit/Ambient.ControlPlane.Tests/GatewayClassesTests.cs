using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>Classes of Gateways that another control plane answers for as well.</summary>
public sealed class GatewayClassesTests : IAsyncDisposable
{
    private const string Names = "istio istio-remote istio-waypoint";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private int _writes;

    public GatewayClassesTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
    }

    [Fact]
    public async Task SomebodyWhoAnswersForOurClass_IsNamed_AndNotWrittenAgainstForEver()
    {
        var classes = new GatewayClasses(_client, _view, _clock, _logs.Logger);
        foreach (string name in Names.Split(' '))
        {
            See(name, name == "istio-waypoint" ? "theirs" : "Handled by ambientd");
        }

        using var leading = new CancellationTokenSource();
        Task running = classes.RunAsync(leading.Token);
        await Eventually.TrueAsync(() => _logs.Count("somebody else writes the same status again and again") == 1, Limit);
        Assert.Equal((5, 1), (_writes, _logs.Count("istiod-theirs")));

        // Later there is one each minute.
        await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
        _clock.Advance(TimeSpan.FromSeconds(61));
        await Eventually.TrueAsync(() => _writes == 6, Limit);
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>The lead is given back once the work has ended, and not while an object is still being written.</summary>
    [Fact]
    public async Task LeadLostDuringAHandling_ItIsWaitedFor()
    {
        using var clock = new HeldTime();
        var classes = new GatewayClasses(_client, _view, clock, _logs.Logger);
        foreach (string name in Names.Split(' '))
        {
            See(name, "Handled by ambientd");
        }

        using var leading = new CancellationTokenSource();
        Task running = Task.Run(() => classes.RunAsync(leading.Token));
        try
        {
            await clock.Asked.WaitAsync(Limit);
            await leading.CancelAsync();
            Assert.False(running.IsCompleted);
        }
        finally
        {
            clock.Release();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private void See(string name, string message)
    {
        string json = $$$"""
            {"metadata":{"name":"{{{name}}}","resourceVersion":"{{{_writes.ToString(CultureInfo.InvariantCulture)}}}","generation":1},"spec":{"controllerName":"istio.io/mesh-controller"},
             "status":{"conditions":[{"type":"Accepted","status":"True","reason":"Accepted","message":"{{{message}}}","observedGeneration":1}]}}
            """;
        Assert.True(KnownResources.GatewayClasses.TryRead(Encoding.UTF8.GetBytes(json), out GatewayClass? read, out _));
        _view.Set(KnownResources.GatewayClasses, read.Key, read);
    }

    private ApiReply Answer(ApiCall call)
    {
        if (call.Method != "PATCH")
        {
            return call.Path == "/apis/gateway.networking.k8s.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"gatewayclasses"}]}""")
                : ApiReply.Ok("""{"metadata":{"managedFields":[{"manager":"istiod-theirs","subresource":"status"}]}}""");
        }

        // Theirs takes the place of ours at once, and the watch brings it.
        Assert.Equal("/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio-waypoint/status", call.Path);
        Assert.Equal("Handled by ambientd", (string)JsonNode.Parse(call.Body)!["status"]!["conditions"]![0]!["message"]!);
        Interlocked.Increment(ref _writes);
        See("istio-waypoint", "theirs");
        return ApiReply.Ok("""{"metadata":{"name":"istio-waypoint"}}""");
    }

    /// <summary>Who asks what time it is waits until it is released.</summary>
    private sealed class HeldTime : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _released = new();
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public override DateTimeOffset GetUtcNow()
        {
            _asked.TrySetResult();
            Assert.True(_released.Wait(Limit));
            return DateTimeOffset.UnixEpoch.AddYears(50);
        }

        public void Release() => _released.Set();

        public void Dispose() => _released.Dispose();
    }
}
