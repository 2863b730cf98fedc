using System.Net;
using Ambient.Component.Tests.ControlPlane;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A ztunnel that starts while the control plane is away goes on by what was said last, and by nothing less.</summary>
public sealed class DiscoverySnapshotTests : IDisposable
{
    private static readonly IPAddress OtherVip = IPAddress.Parse("10.96.0.11");
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-snapshot-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [RequiresToolFact("nft", root: true)]
    public async Task ControlPlaneAway_ARestartedProxyServesByTheLastState()
    {
        var discovery = new ScriptedDiscovery { SnapshotPath = Path.Combine(_folder, "xds") };
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();
        await stream.SendAsync(ScriptedDiscovery.AddressType, "more", [ScriptedDiscovery.Service("other", OtherVip), discovery.ServerWorkload(server => server.Services["bench/other.bench.svc.cluster.local"] = server.Services.Values.First())]);
        Assert.Null((await stream.NextAsync()).ErrorDetail);

        await discovery.DisposeAsync();
        await mesh.ClientProxy.Process.KillAsync();
        Assert.False(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        mesh.StartClientProxy();
        await mesh.ClientProxy.LineAsync("the control plane does not answer; the last state that it sent is in force");
        await mesh.ClientProxy.LineAsync("ztunnel is running");

        // Both the first state and the change; these addresses lead nowhere but by the model.
        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        Assert.True(AppTalk.TryAsk(mesh.Client, new IPEndPoint(OtherVip, MeshPair.Port)));
    }
}
