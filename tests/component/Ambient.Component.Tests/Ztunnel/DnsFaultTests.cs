using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>The DNS proxy of a real ztunnel whose upstream is dead, silent, or a liar (ztunnel.md 7.4). The mesh's own names never suffer.</summary>
public sealed class DnsFaultTests
{
    private const string MeshName = "cart.bench.svc.cluster.local";
    private const int ServerFailure = 2;

    [RequiresToolFact("nft", root: true)]
    public async Task DeadUpstream_IsAServerFailureAtOnce_AndIsAskedAgainWhenItIsBack()
    {
        await using MeshPair mesh = await StartAsync();
        using Socket client = Client(mesh.Client);
        Assert.Equal(ServerFailure, Code(Ask(client, 1, "example.com")));
        AssertMeshName(Ask(client, 2, MeshName));

        using Socket upstream = Upstream(mesh.Client.Node);
        client.Send(Query(3, "example.com"));
        (byte[] question, EndPoint from) = Receive(upstream);
        upstream.SendTo(Answer(question, 192, 0, 2, 7), from);
        byte[] answer = Hear(client);
        Assert.Equal((3, 0), (Id(answer), Code(answer)));
        Assert.Equal([192, 0, 2, 7], answer[^4..]);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task SilentUpstream_IsAServerFailureInTime_AndHoldsUpNobodyElse()
    {
        await using MeshPair mesh = await StartAsync();
        using Socket upstream = Upstream(mesh.Client.Node);
        using Socket waiting = Client(mesh.Client);
        waiting.Send(Query(1, "example.com"));
        (byte[] question, EndPoint from) = Receive(upstream);

        // While that one waits, the mesh's own names are answered, and others may ask upstream.
        using Socket client = Client(mesh.Client);
        for (ushort i = 10; i < 60; i++)
        {
            AssertMeshName(Ask(client, i, MeshName));
        }

        client.Send(Query(60, "example.org"));
        (byte[] other, EndPoint otherFrom) = Receive(upstream);
        upstream.SendTo(Answer(other, 192, 0, 2, 8), otherFrom);
        Assert.Equal(60, Id(Hear(client)));
        Assert.Equal(0, waiting.Available);

        // A stub resolver gives up after five seconds; it must have heard by then. What comes later is for nobody.
        byte[] answer = Hear(waiting);
        Assert.Equal((1, ServerFailure), (Id(answer), Code(answer)));
        upstream.SendTo(Answer(question, 192, 0, 2, 9), from);
        AssertMeshName(Ask(waiting, 2, MeshName));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task LyingUpstream_IsNotBelieved_AndTheTruthStillCounts()
    {
        await using MeshPair mesh = await StartAsync();
        using Socket upstream = Upstream(mesh.Client.Node);
        using Socket forger = mesh.Client.Node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        using Socket client = Client(mesh.Client);
        client.Send(Query(1, "example.com"));
        (byte[] question, EndPoint from) = Receive(upstream);
        Assert.NotEqual(1, Id(question));

        byte[] lie = Answer(question, 6, 6, 6, 6);
        byte[] otherId = (byte[])lie.Clone();
        otherId[1] ^= 1;
        byte[] noResponse = (byte[])lie.Clone();
        noResponse[2] &= 0x7F;
        byte[] otherName = (byte[])lie.Clone();
        otherName[13] = (byte)'f';
        byte[] otherType = (byte[])lie.Clone();
        otherType[question.Length - 3] = 28;
        foreach (byte[] bytes in new[] { otherId, noResponse, otherName, otherType, lie[..11], lie[..3], [], new byte[600] })
        {
            upstream.SendTo(bytes, from);
        }

        // The right words from the wrong mouth.
        forger.Bind(new IPEndPoint(mesh.Client.Node.Address, 5353));
        forger.SendTo(lie, from);
        upstream.SendTo(Answer(question, 192, 0, 2, 7), from);
        byte[] answer = Hear(client);
        Assert.Equal((1, 0), (Id(answer), Code(answer)));
        Assert.Equal([192, 0, 2, 7], answer[^4..]);
        AssertMeshName(Ask(client, 2, MeshName));
    }

    [RequiresRootTheory("nft")]
    [InlineData("cuts the answer")]
    [InlineData("says nothing")]
    [InlineData("answers another question")]
    public async Task TruncatedAnswer_WhoseTcpServerFails_IsAServerFailure_NotAHang(string fault)
    {
        await using MeshPair mesh = await StartAsync();
        using Socket upstream = Upstream(mesh.Client.Node);
        using Socket listener = mesh.Client.Node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(Gateway(mesh.Client), 53));
        listener.Listen();
        using Socket client = MeshPair.Connect(mesh.Client, new IPEndPoint(IPAddress.Loopback, 15053));
        client.Send(Framed(Query(1, "example.com")));
        using var stop = new CancellationTokenSource();
        Task serving = Task.Run(() => AnswerTruncatedAsync(upstream, stop.Token));
        Task tcp = Task.Run(() => FailOverTcpAsync(listener, fault, stop.Token));
        byte[] head = new byte[2];
        Assert.Equal(2, client.Receive(head));
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        Assert.Equal(answer.Length, client.Receive(answer));
        Assert.Equal((1, ServerFailure), (Id(answer), Code(answer)));
        await stop.CancelAsync();
        await Task.WhenAll(serving, tcp);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task FloodOfQueries_ToASilentUpstream_IsRefusedBeyondTheLimit_AndMeshNamesGoOn()
    {
        await using MeshPair mesh = await StartAsync();
        using Socket upstream = Upstream(mesh.Client.Node);
        using Socket flood = Client(mesh.Client);
        flood.ReceiveBufferSize = 1 << 20;
        for (ushort i = 0; i < 400; i++)
        {
            flood.Send(Query(i, $"n{i}.example.com"));
        }

        // 256 wait; those beyond hear at once.
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(ServerFailure, Code(Hear(flood)));
        }

        using Socket client = Client(mesh.Client);
        AssertMeshName(Ask(client, 1, MeshName));
        Assert.False(mesh.ClientProxy.Process.HasExited);
    }

    private static Task<MeshPair> StartAsync() => MeshPair.StartAsync(new MeshPlan { ClientSettings = [("ISTIO_META_DNS_CAPTURE", "true")] });

    private static IPAddress Gateway(VirtualPod pod) => IPAddress.Parse($"10.9.{pod.Node.Index}.1");

    // Where the pod's resolv.conf leads.
    private static Socket Upstream(VirtualNode node)
    {
        Socket socket = node.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(Gateway(node.Pods[0]), 53));
        socket.ReceiveTimeout = 15_000;
        return socket;
    }

    private static Socket Client(VirtualPod pod)
    {
        Socket socket = pod.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.ReceiveTimeout = 15_000;
        socket.Connect(new IPEndPoint(IPAddress.Loopback, 15053));
        return socket;
    }

    private static byte[] Ask(Socket client, ushort id, string name)
    {
        client.Send(Query(id, name));
        byte[] answer = Hear(client);
        Assert.Equal(id, Id(answer));
        return answer;
    }

    private static byte[] Hear(Socket client)
    {
        byte[] buffer = new byte[4096];
        return buffer[..client.Receive(buffer)];
    }

    private static (byte[] Message, EndPoint From) Receive(Socket upstream)
    {
        byte[] buffer = new byte[4096];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length = upstream.ReceiveFrom(buffer, ref from);
        return (buffer[..length], from);
    }

    private static void AssertMeshName(byte[] answer)
    {
        Assert.Equal(0, Code(answer));
        Assert.Equal(MeshPair.Service.Address.GetAddressBytes(), answer[^4..]);
    }

    private static int Id(byte[] message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    private static int Code(byte[] message) => message[3] & 15;

    private static byte[] Query(ushort id, string name)
    {
        var message = new List<byte> { (byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (string label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, 1, 0, 1]);
        return [.. message];
    }

    // The question again, and an A record that points to its name.
    private static byte[] Answer(byte[] question, params byte[] address)
    {
        byte[] answer = [.. question, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. address];
        answer[2] |= 0x80;
        answer[7] = 1;
        return answer;
    }

    private static byte[] Framed(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static async Task AnswerTruncatedAsync(Socket upstream, CancellationToken stop)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                SocketReceiveFromResult got = await upstream.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stop);
                byte[] truncated = buffer[..got.ReceivedBytes];
                truncated[2] |= 0x82;
                await upstream.SendToAsync(truncated, got.RemoteEndPoint, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private static async Task FailOverTcpAsync(Socket listener, string fault, CancellationToken stop)
    {
        var held = new List<Socket>();
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptAsync(stop);
                held.Add(socket);
                byte[] buffer = new byte[4096];
                int length = await socket.ReceiveAsync(buffer, stop);
                byte[] answer = Answer(buffer[2..length], 192, 0, 2, 7);
                switch (fault)
                {
                    case "cuts the answer":
                        await socket.SendAsync(Framed(answer).AsMemory(0, 20), stop);
                        socket.Close();
                        break;
                    case "answers another question":
                        answer[13] = (byte)'f';
                        await socket.SendAsync(Framed(answer), stop);
                        break;
                    default:
                        break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            held.ForEach(s => s.Dispose());
        }
    }
}
