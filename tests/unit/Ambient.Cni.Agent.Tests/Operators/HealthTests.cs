using System.Net;
using Ambient.Cni.Agent.Operators;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.Cni.Agent.Tests.Operators;

public sealed class HealthTests
{
    [Theory]
    [InlineData(false, false, null, 503, "CNI configuration: not there")]
    [InlineData(true, true, null, 200, "ready")]
    [InlineData(true, false, null, 503, "the source of pods has not told everything yet")]
    [InlineData(true, true, "it answers nothing", 503, "plugin socket: it answers nothing")]
    [Trait("behaviour", "CNI-104")]
    [Trait("behaviour", "CNI-105")]
    public async Task Ready_MeansInstalledAndWatchingAndAnswering_HealthyAlways(bool installed, bool watching, string? socket, int status, string text)
    {
        using var logs = LogHub.Discarding();
        using var end = new CancellationTokenSource();
        var loop = new AgentLoop(new PodBookOptions(), TimeProvider.System, logs.For("test"));
        Task running = loop.RunAsync((_, _) => ValueTask.CompletedTask, end.Token);
        if (watching)
        {
            await loop.TellAsync(new PodEvent.Recalled([]));
            await loop.TellAsync(new PodEvent.Synced([]));
            await Eventually.TrueAsync(() => loop.IsComplete);
        }

        var health = new HealthHandler(loop, () => installed ? null : "not there", _ => Task.FromResult(socket), _ => [], _ => []);
        await using HttpServer server = HttpServer.Start(new HttpServerOptions("health", [new IPEndPoint(IPAddress.Loopback, 0)]), health, logs.For("test"));
        using var client = new HttpClient();
        HttpResponseMessage ready = await client.GetAsync(new Uri($"http://{server.LocalAddresses[0]}/readyz"));
        Assert.Equal(status, (int)ready.StatusCode);
        Assert.Contains(text, await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri($"http://{server.LocalAddresses[0]}/healthz"))).StatusCode);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Alive_IsALoopThatTurns()
    {
        using var logs = LogHub.Discarding();
        var time = new ManualTime();
        var loop = new AgentLoop(new PodBookOptions(), time, logs.For("test"));
        var health = new HealthHandler(loop, () => null, _ => Task.FromResult<string?>(null), _ => [], _ => []);
        await using HttpServer server = HttpServer.Start(new HttpServerOptions("health", [new IPEndPoint(IPAddress.Loopback, 0)]), health, logs.For("test"));
        using var client = new HttpClient();
        var alive = new Uri($"http://{server.LocalAddresses[0]}/livez");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(alive)).StatusCode);
        time.Advance(TimeSpan.FromSeconds(61));
        HttpResponseMessage stuck = await client.GetAsync(alive);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stuck.StatusCode);
        Assert.Contains("has not turned for 61 s", await stuck.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
