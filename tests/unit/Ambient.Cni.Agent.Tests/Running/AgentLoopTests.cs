using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Tests.Running;

public sealed class AgentLoopTests
{
    [Fact]
    public async Task WallClockThatJumps_IsNotEvenLookedAt()
    {
        using var logs = LogHub.Discarding();
        using var end = new CancellationTokenSource();
        var loop = new AgentLoop(new PodBookOptions(), new NoWallClock(), logs.For("test"));
        Task running = loop.RunAsync((_, _) => ValueTask.CompletedTask, end.Token);
        await loop.TellAsync(new PodEvent.Recalled([]));
        await loop.TellAsync(new PodEvent.NamespaceChanged(new NamespaceFacts("plain", new Dictionary<string, string>())));
        await loop.TellAsync(new PodEvent.PodChanged(new PodRecord { Facts = new PodFacts { Name = "p", Namespace = "plain", Uid = "u", HostNetwork = true } }));
        await loop.TellAsync(new PodEvent.Synced(["u"]));
        SandboxAnswer known = await loop.AskAsync(Request(loop, "u"), CancellationToken.None);
        Assert.Equal(SandboxVerdict.Outside, known.Verdict);

        // One that nobody answers for ends by the counter that only goes forward.
        SandboxAnswer unknown = await loop.AskAsync(Request(loop, "v"), CancellationToken.None);
        Assert.Equal(SandboxVerdict.Failed, unknown.Verdict);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static SandboxRequest Request(AgentLoop loop, string uid) =>
        new(0, uid, "p", "plain", new NetworkIdentity(4, 1), [IPAddress.Parse("10.0.0.2")], true, loop.Now + TimeSpan.FromMilliseconds(300));

    private sealed class NoWallClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new InvalidOperationException("somebody asked for the time of day");
    }
}
