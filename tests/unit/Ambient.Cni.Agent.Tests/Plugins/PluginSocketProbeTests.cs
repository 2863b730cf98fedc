using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Agent.Operators;
using Ambient.Cni.Agent.Plugins;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent.Tests.Plugins;

/// <summary>Readiness asks the plugin's own socket: one that is open and answers nothing is not ready.</summary>
public sealed class PluginSocketProbeTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"ambient-probe-{Guid.NewGuid():N}.sock");
    private readonly LogHub _logs = LogHub.Discarding();

    public void Dispose()
    {
        _logs.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(200, null)]
    [InlineData(500, "it answers HTTP/1.1 500 Internal Server Error")]
    public async Task Answer_IsTakenAtItsWord(int status, string? wrong)
    {
        await using var server = new PluginServer(
            new PluginServerOptions(_path),
            (_, _, _, _) => Task.FromResult(new PluginAnswer(status, "text/plain", "word")),
            new MetricRegistry().AddCounter("r", "r", "response_code"),
            _logs.For("test"));
        string? said = await PluginSocketProbe.AskAsync(_path, CancellationToken.None);
        Assert.Equal(wrong is null, said is null);
        Assert.StartsWith(wrong ?? "", said ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task SocketThatIsOpen_AndNeverAnswers_IsNotReady()
    {
        // The kernel accepts for it, as for a program that is stuck.
        using var stuck = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stuck.Bind(new UnixDomainSocketEndPoint(_path));
        stuck.Listen();
        Assert.Contains("plugin socket: it does not answer within 1 s", await ReadinessAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SocketThatIsNotThere_IsNotReady() => Assert.Contains("plugin socket: ", await ReadinessAsync(), StringComparison.Ordinal);

    private async Task<string> ReadinessAsync()
    {
        var loop = new AgentLoop(new PodBookOptions(), TimeProvider.System, _logs.For("test"));
        var health = new HealthHandler(loop, () => null, c => PluginSocketProbe.AskAsync(_path, c), _ => [], _ => []);
        await using HttpServer server = HttpServer.Start(new HttpServerOptions("health", [new IPEndPoint(IPAddress.Loopback, 0)]), health, _logs.For("test"));
        using var client = new HttpClient();
        HttpResponseMessage ready = await client.GetAsync(new Uri($"http://{server.LocalAddresses[0]}/readyz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        return await ready.Content.ReadAsStringAsync();
    }
}
