using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.ControlPlane;
using Ambient.Component.Tests.Interop;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A ztunnel that knows its own pods alone and asks for everything else when it is dialled (ztunnel.md 4.5).</summary>
public sealed class OnDemandTests
{
    [RequiresToolFact("nft", root: true)]
    public async Task UnknownService_IsAskedFor_AndReachedThroughTheTunnel()
    {
        await using var discovery = new ScriptedDiscovery { IsOnDemand = true };
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();

        Task<bool> asking = Task.Run(() => AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        DeltaDiscoveryRequest demand = await stream.NextAsync();
        Assert.Equal(["/" + MeshPair.Service.Address], demand.ResourceNamesSubscribe);
        await stream.SendAsync(ScriptedDiscovery.AddressType, "answer", [ScriptedDiscovery.Service("cart", MeshPair.Service.Address), discovery.ServerWorkload()]);

        Assert.True(await asking);
        string line = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains($"dst.addr={mesh.Server.Address}:15008", line, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task AddressThatIsNoneOfTheMesh_IsDialledAsItIs()
    {
        await using var discovery = new ScriptedDiscovery { IsOnDemand = true };
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Stranger, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();

        Task<bool> asking = Task.Run(() => AppTalk.TryAsk(mesh.Client, new IPEndPoint(mesh.Stranger.Address, MeshPair.Port)));
        string name = Assert.Single((await stream.NextAsync()).ResourceNamesSubscribe);
        await stream.SendAsync(ScriptedDiscovery.AddressType, "answer", [], name);

        Assert.True(await asking);
        Assert.Contains($"dst.addr={mesh.Stranger.Address}:{MeshPair.Port}", await mesh.ClientProxy.LineAsync("connection complete"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ControlPlaneThatDoesNotAnswer_IsARefusal_NotPlainText()
    {
        await using var discovery = new ScriptedDiscovery { IsOnDemand = true };
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using Socket application = MeshPair.Listen(mesh.Server);
        DiscoveryStream stream = await discovery.AcceptAsync();

        Task<bool> asking = Task.Run(() => AppTalk.TryAsk(mesh.Client, mesh.ServerAddress));
        await stream.NextAsync();

        Assert.False(await asking);
        Assert.Contains($"the control plane did not answer for /{mesh.Server.Address}", await mesh.ClientProxy.LineAsync("error="), StringComparison.Ordinal);
        Assert.False(application.Poll(0, SelectMode.SelectRead), "the application was reached in plain text");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WithoutAControlPlane_NobodyIsAsked()
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("XDS_ON_DEMAND", "true"));
        using EchoServer echo = EchoServer.Start(mesh.Stranger, MeshPair.Port);
        Assert.True(AppTalk.TryAsk(mesh.Client, new IPEndPoint(mesh.Stranger.Address, MeshPair.Port)));
    }
}
