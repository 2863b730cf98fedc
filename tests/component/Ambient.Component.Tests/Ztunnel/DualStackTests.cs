using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Redirection.Rules;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>IPv6 through the mesh, alone and beside IPv4.</summary>
public sealed class DualStackTests
{
    private const string Secret = "secret-of-the-mesh";
    private const string Control = "never-was-secret";

    [RequiresRootTheory("nft, tcpdump")]
    [InlineData(RedirectionMethod.Sockets)]
    [InlineData(RedirectionMethod.Translation)]
    public async Task Ipv6_GoesThroughTheTunnel_FromTheCallersAddress(RedirectionMethod method)
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { IsTwoNodes = true, IsDualStack = true, Method = method });
        using Socket listener = MeshPair.Listen(mesh.Server, new IPEndPoint(IPAddress.IPv6Any, MeshPair.Port));
        await using PacketCapture capture = await mesh.Network.CaptureAsync(mesh.Network.FabricName, "bridge");
        foreach (IPEndPoint target in new[] { MeshPair.ServiceV6, mesh.ServerAddressV6 })
        {
            using Socket client = MeshPair.Connect(mesh.Client, target);
            using Socket server = await MeshPair.AcceptAsync(listener);
            Assert.Equal(mesh.Client.AddressV6, ((IPEndPoint)server.RemoteEndPoint!).Address);
            AppTalk.Say(client, Secret);
            Assert.Equal(Secret, AppTalk.Hear(server, Secret.Length));
            client.Shutdown(SocketShutdown.Send);
            AppTalk.AssertEnd(server);
            AppTalk.Say(server, Secret);
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal(Secret, AppTalk.Hear(client, Secret.Length));
            AppTalk.AssertEnd(client);
        }

        using (Socket stranger = MeshPair.Connect(mesh.Stranger, mesh.ServerAddressV6))
        {
            using Socket server = await MeshPair.AcceptAsync(listener);
            Assert.Equal(mesh.Stranger.AddressV6, ((IPEndPoint)server.RemoteEndPoint!).Address);
            AppTalk.Say(stranger, Control);
            Assert.Equal(Control, AppTalk.Hear(server, Control.Length));
        }

        string line = await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Contains($"src.addr=[{mesh.Client.AddressV6}]:", line, StringComparison.Ordinal);
        Assert.Contains($"dst.addr=[{mesh.Server.AddressV6}]:15008", line, StringComparison.Ordinal);
        Assert.Contains($"dst.hbone_addr=[{mesh.Server.AddressV6}]:9000", line, StringComparison.Ordinal);
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", await mesh.ServerProxy.LineAsync("connection complete"), StringComparison.Ordinal);
        await capture.WaitForAsync(Control);
        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        Assert.Empty(PacketCapture.Containing(packets, Secret));
        Assert.Contains(packets, p => p.EtherType == 0x86DD && p.Destination?.Port == 15008 && p.Payload.Length > 0);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task BothFamilies_SideBySide_KeepTheirOwn()
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { IsDualStack = true });
        using EchoServer four = EchoServer.Start(mesh.Server, MeshPair.Port);
        using EchoServer six = EchoServer.Start(mesh.Server, new IPEndPoint(mesh.Server.AddressV6, MeshPair.Port));
        IPEndPoint[] targets = [MeshPair.Service, MeshPair.ServiceV6, mesh.ServerAddress, mesh.ServerAddressV6];
        await Task.WhenAll(targets.Select(async target =>
        {
            using Socket client = MeshPair.Connect(mesh.Client, target);
            await EchoServer.ExchangeAsync(client, 2);
        }));
        await Eventually.TrueAsync(() => mesh.ServerProxy.Process.LogLines().Count(l => l.Contains("connection complete", StringComparison.Ordinal)) == 4);
        IReadOnlyList<string> lines = mesh.ServerProxy.Process.LogLines();
        Assert.Equal(2, lines.Count(l => l.Contains($"src.addr={mesh.Client.Address}:", StringComparison.Ordinal) && l.Contains($"dst.addr={mesh.Server.Address}:15008", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(l => l.Contains($"src.addr=[{mesh.Client.AddressV6}]:", StringComparison.Ordinal) && l.Contains($"dst.addr=[{mesh.Server.AddressV6}]:15008", StringComparison.Ordinal)));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Policy_ForAnIpv6Range_DeniesIt_AndNotIpv4()
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan
        {
            IsDualStack = true,
            Policies = "[{name: no-v6, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{sourceIps: [\"fd09:9::/32\"]}]]]}]",
            ServerPolicies = "[bench/no-v6]",
        });
        using EchoServer four = EchoServer.Start(mesh.Server, MeshPair.Port);
        using EchoServer six = EchoServer.Start(mesh.Server, new IPEndPoint(mesh.Server.AddressV6, MeshPair.Port));
        Assert.False(AppTalk.TryAsk(mesh.Client, MeshPair.ServiceV6));
        Assert.False(AppTalk.TryAsk(mesh.Stranger, mesh.ServerAddressV6));
        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        Assert.True(AppTalk.TryAsk(mesh.Stranger, mesh.ServerAddress));
        await mesh.ServerProxy.LineAsync("explicitly denied by: bench/no-v6");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task DeadProxy_LeavesNoWayPastIt_ByIpv6Either()
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { IsDualStack = true });
        using EchoServer six = EchoServer.Start(mesh.Server, new IPEndPoint(mesh.Server.AddressV6, MeshPair.Port));
        Assert.True(AppTalk.TryAsk(mesh.Client, mesh.ServerAddressV6));
        Assert.True(AppTalk.TryAsk(mesh.Stranger, mesh.ServerAddressV6));
        await mesh.ServerProxy.Process.KillAsync();
        Assert.False(AppTalk.TryAsk(mesh.Client, mesh.ServerAddressV6));
        Assert.False(AppTalk.TryAsk(mesh.Stranger, mesh.ServerAddressV6));
        await mesh.ClientProxy.Process.KillAsync();
        Assert.False(AppTalk.TryAsk(mesh.Client, mesh.ServerAddressV6));
    }
}
