using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Cni.Redirection.Rules;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A ztunnel that is dead: what was meant for a tunnel is never seen in the open between the nodes, and comes back with the proxy.</summary>
public sealed class LostProxyTests
{
    private const string Secret = "secret-of-the-mesh";
    private const string Control = "never-was-secret";

    [RequiresRootTheory("nft, tcpdump")]
    [InlineData(RedirectionMethod.Sockets)]
    [InlineData(RedirectionMethod.Translation)]
    public async Task DeadServerProxy_NothingGoesInTheOpen_AndTheTunnelComesBack(RedirectionMethod method)
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { IsTwoNodes = true, Method = method });
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await using PacketCapture capture = await mesh.Network.CaptureAsync(mesh.Network.FabricName, "bridge");
        Assert.True(await TryAskAsync(mesh.Client, MeshPair.Service, Secret));
        using Socket living = MeshPair.Connect(mesh.Client, MeshPair.Service);
        living.Send(Encoding.ASCII.GetBytes(Secret));

        await mesh.ServerProxy.Process.KillAsync();
        await AssertCutOffAsync(mesh, living);

        mesh.StartServerProxy();
        await Eventually.TrueAsync(() => TryAskAsync(mesh.Client, MeshPair.Service, Secret));
        await AssertSecretAsync(mesh, capture);
    }

    [RequiresRootTheory("nft, tcpdump")]
    [InlineData(RedirectionMethod.Sockets)]
    [InlineData(RedirectionMethod.Translation)]
    public async Task DeadClientProxy_NothingGoesInTheOpen(RedirectionMethod method)
    {
        await using MeshPair mesh = await MeshPair.StartAsync(new MeshPlan { IsTwoNodes = true, Method = method });
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await using PacketCapture capture = await mesh.Network.CaptureAsync(mesh.Network.FabricName, "bridge");
        Assert.True(await TryAskAsync(mesh.Client, mesh.ServerAddress, Secret));
        using Socket living = MeshPair.Connect(mesh.Client, MeshPair.Service);
        living.Send(Encoding.ASCII.GetBytes(Secret));

        await mesh.ClientProxy.Process.KillAsync();
        await AssertCutOffAsync(mesh, living);

        await AssertSecretAsync(mesh, capture);
    }

    [RequiresToolFact("nft, tcpdump", root: true)]
    public async Task DeadNodeProxy_NothingGoesInTheOpen_AndItsPodsComeBackWithIt()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true });
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        await using PacketCapture capture = await mesh.Network.CaptureAsync(mesh.Network.FabricName, "bridge");
        Assert.True(await TryAskAsync(mesh.Client, MeshPair.Service, Secret));
        for (int restart = 0; restart < 2; restart++)
        {
            await mesh.ServerProxy.Process.KillAsync();
            Assert.False(await TryAskAsync(mesh.Client, MeshPair.Service, Secret));
            Assert.False(await TryAskAsync(mesh.Client, mesh.ServerAddress, Secret));
            mesh.StartServerNodeProxy();
            await Eventually.TrueAsync(() => TryAskAsync(mesh.Client, MeshPair.Service, Secret));
        }

        await AssertSecretAsync(mesh, capture);
    }

    private static async Task AssertCutOffAsync(MeshPair mesh, Socket living)
    {
        AssertEnds(living);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(await TryAskAsync(mesh.Client, MeshPair.Service, Secret));
            Assert.False(await TryAskAsync(mesh.Client, mesh.ServerAddress, Secret));
        }
    }

    // The control goes in the open, last of all: a capture that has it has everything before it too.
    private static async Task AssertSecretAsync(MeshPair mesh, PacketCapture capture)
    {
        Assert.True(await TryAskAsync(mesh.Stranger, mesh.ServerAddress, Control));
        await capture.WaitForAsync(Control);
        IReadOnlyList<CapturedPacket> packets = await capture.StopAsync();
        Assert.Empty(PacketCapture.Containing(packets, Secret));
        Assert.Contains(packets, p => p.HasPort(15008) && p.Payload.Length > 0);
    }

    private static void AssertEnds(Socket socket)
    {
        try
        {
            byte[] rest = new byte[256];
            while (socket.Receive(rest) > 0)
            {
                // What was echoed before the end.
            }
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    private static async Task<bool> TryAskAsync(VirtualPod from, IPEndPoint target, string text)
    {
        byte[] sent = Encoding.ASCII.GetBytes(text);
        try
        {
            using Socket socket = MeshPair.Connect(from, target);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await socket.SendAsync(sent, limit.Token);
            byte[] got = new byte[sent.Length];
            int length = 0;
            for (int n = 1; n > 0 && length < got.Length; length += n)
            {
                n = await socket.ReceiveAsync(got.AsMemory(length), limit.Token);
            }

            return sent.AsSpan().SequenceEqual(got.AsSpan(0, length));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
