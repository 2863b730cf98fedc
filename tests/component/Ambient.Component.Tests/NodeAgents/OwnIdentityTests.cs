using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Testing.Facts;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>What servers outside of the mesh see of a captured pod: a cloud's metadata server knows its callers by their addresses, an API server by their tokens.</summary>
public sealed class OwnIdentityTests
{
    private static readonly IPEndPoint Metadata = new(IPAddress.Parse("169.254.169.254"), 80);

    [RequiresRootTheory("nft")]
    [InlineData("translation")]
    [InlineData("sockets")]
    [Trait("behaviour", "CNI-214")]
    public async Task CapturedPod_IsItself_ToServersOutsideOfTheMesh(string redirection)
    {
        await using AgentNode node = await AgentNode.StartAsync(redirection);
        (await Command.RunInAsync(node.Client.Node.NamespaceName, "ip", ["address", "add", "169.254.169.254/32", "dev", "lo"])).OrThrow();
        using Socket listener = node.Client.Node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(Metadata);
        listener.Listen();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using Socket app = node.Client.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await app.ConnectAsync(Metadata, deadline.Token);
        await app.SendAsync("GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\nHost: metadata\r\nAuthorization: Bearer the-pods-own\r\n\r\n"u8.ToArray(), deadline.Token);
        using Socket server = await listener.AcceptAsync(deadline.Token);
        byte[] buffer = new byte[1024];
        int length = await server.ReceiveAsync(buffer, deadline.Token);
        Assert.Contains("Authorization: Bearer the-pods-own", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        Assert.Equal(node.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);

        // And it was captured: the proxy tells of the connection when it ends.
        app.Close();
        server.Close();
        await node.Ztunnel.LineAsync("dst.addr=169.254.169.254:80");
    }
}
