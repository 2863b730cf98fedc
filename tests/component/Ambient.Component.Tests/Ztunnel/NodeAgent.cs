using System.Text;
using Ambient.Linux.Sockets;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A small node agent: hands pods' namespaces to ztunnel and reads its answers (ztunnel.md 8).</summary>
internal sealed class NodeAgent : IDisposable
{
    private const int Deadline = 15_000;
    private readonly PacketSocket _listener;
    private readonly string _path;
    private PacketSocket? _ztunnel;

    public NodeAgent(string path)
    {
        _path = path;
        _listener = PacketSocket.Listen(path, 4);
    }

    /// <summary>Waits for ztunnel's hello.</summary>
    public void Accept()
    {
        Wait(_listener, "ztunnel does not connect");
        _listener.TryAccept(out _ztunnel).OrThrow("accept", _path);
        Receive();
    }

    /// <summary>Adds a pod whose workload has the pod's name; the answer must be a success.</summary>
    public void Add(VirtualPod pod) =>
        Exchange(Field(1, [.. Text(1, "uid-" + pod.Name), .. Field(2, [.. Text(1, pod.Name), .. Text(2, "bench"), .. Text(3, pod.Name)])]), pod.Namespace.Descriptor);

    /// <summary>Says that all pods were sent.</summary>
    public void EndSnapshot() => Exchange(Field(3, []));

    /// <summary>Removes a pod.</summary>
    public void Remove(VirtualPod pod) => Exchange(Field(2, Text(2, "uid-" + pod.Name)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _ztunnel?.Dispose();
        _listener.Dispose();
    }

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content)
    {
        Assert.InRange(content.Length, 0, 127);
        return [(byte)((number << 3) | 2), (byte)content.Length, .. content];
    }

    // A signal ends a wait early (a child of another test ended): wait on for what is left.
    private static void Wait(PacketSocket socket, string complaint)
    {
        long until = Environment.TickCount64 + Deadline;
        for (long left = Deadline; !socket.WaitReadable(null, (int)left); left = Math.Max(0, until - Environment.TickCount64))
        {
            Assert.True(until > Environment.TickCount64, complaint);
        }
    }

    private void Exchange(byte[] packet, params int[] descriptors)
    {
        _ztunnel!.TrySend(packet, descriptors).OrThrow("sendmsg", _path);

        // An empty ack is a success; anything more is an error text.
        Assert.Equal([0x0a, 0x00], Receive());
    }

    private byte[] Receive()
    {
        Wait(_ztunnel!, "ztunnel does not answer");
        byte[] buffer = new byte[1024];
        int length = (int)_ztunnel!.TryReceive(buffer, 1, out _).OrThrow("recvmsg", _path);
        return buffer[..length];
    }
}
