using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>The SOCKS5 port of a pod (ztunnel.md 3.13), as an application without capture would use it.</summary>
public sealed class SocksTests
{
    private static readonly IPEndPoint Front = new(IPAddress.Loopback, 15080);

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-293")]
    public async Task Socks_LeadsToAddressesServicesAndNames()
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("UNSTABLE_ENABLE_SOCKS5", "true"), ("ISTIO_META_DNS_CAPTURE", "true"));
        using Socket listener = MeshPair.Listen(mesh.Server);
        byte[][] targets = [Address(mesh.ServerAddress), Address(MeshPair.Service), Name("cart.bench.svc.cluster.local", MeshPair.Port)];
        foreach (byte[] target in targets)
        {
            using Socket client = Ask(mesh, target, out byte reply);
            Assert.Equal(0, reply);
            using Socket server = await MeshPair.AcceptAsync(listener);
            Assert.Equal(mesh.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);
            client.Send("question"u8);
            Assert.Equal("question", Encoding.ASCII.GetString(Receive(server, 8)));
            server.Send("answer"u8);
            Assert.Equal("answer", Encoding.ASCII.GetString(Receive(client, 6)));
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task UnknownName_IsUnreachable_AndNonsenseIsRefused()
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("UNSTABLE_ENABLE_SOCKS5", "true"), ("ISTIO_META_DNS_CAPTURE", "true"));
        using Socket unknown = Ask(mesh, Name("nobody.invalid", 80), out byte unreachable);
        Assert.Equal(4, unreachable);
        using Socket nonsense = Ask(mesh, [9, 1, 2, 3], out byte violation);
        Assert.Equal(7, violation);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WithoutTheSetting_NobodyListens()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        SocketException refused = Assert.Throws<SocketException>(() => MeshPair.Connect(mesh.Client, Front));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    private static Socket Ask(MeshPair mesh, byte[] target, out byte reply)
    {
        Socket client = MeshPair.Connect(mesh.Client, Front);
        client.Send([5, 1, 0]);
        Assert.Equal([5, 0], Receive(client, 2));
        client.Send([5, 1, 0, .. target]);
        byte[] answer = Receive(client, 10);
        Assert.Equal(5, answer[0]);
        reply = answer[1];
        return client;
    }

    private static byte[] Address(IPEndPoint target) => [1, .. target.Address.GetAddressBytes(), (byte)(target.Port >> 8), (byte)target.Port];

    private static byte[] Name(string name, int port) => [3, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)(port >> 8), (byte)port];

    private static byte[] Receive(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int got = 0; got < count;)
        {
            int n = socket.Receive(bytes, got, count - got, SocketFlags.None);
            Assert.True(n > 0, "the connection ended too early");
            got += n;
        }

        return bytes;
    }
}
