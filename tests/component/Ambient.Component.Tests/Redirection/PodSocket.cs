using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Ambient.Linux.Namespaces;

namespace Ambient.Component.Tests.Redirection;

/// <summary>Sockets of a test's own process, opened inside a namespace; what a proxy's sockets carry is optional.</summary>
internal static class PodSocket
{
    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;
    private const int SoMark = 36;
    private const int SoOriginalDestination = 80;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    public static Socket Listen(NetworkNamespace pod, IPAddress address, int port, uint mark = 0, bool transparent = false)
    {
        Socket socket = Open(pod, address.AddressFamily, SocketType.Stream, mark);
        if (transparent)
        {
            SetTransparent(socket);
        }

        socket.Bind(new IPEndPoint(address, port));
        // A test that connects faster than it accepts must not lose SYNs to a full queue: their second try comes after a second, the fourth after seven.
        socket.Listen(1024);
        return socket;
    }

    public static Socket Datagram(NetworkNamespace pod, IPAddress address, int port, uint mark = 0)
    {
        Socket socket = Open(pod, address.AddressFamily, SocketType.Dgram, mark);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    }

    /// <summary>Connects; a source other than the pod's own is spoofed, as the proxy does.</summary>
    public static async Task<Socket> ConnectAsync(NetworkNamespace pod, IPAddress address, int port, uint mark = 0, IPAddress? source = null, bool spoof = false)
    {
        Socket socket = Open(pod, address.AddressFamily, SocketType.Stream, mark);
        try
        {
            if (spoof)
            {
                bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
                SetTransparent(socket);
                SetOption(socket, v4 ? 0 : 41, v4 ? 15 : 78, 1);
            }

            if (source is not null)
            {
                socket.Bind(new IPEndPoint(source, 0));
            }

            using var limit = new CancellationTokenSource(Deadline);
            await socket.ConnectAsync(new IPEndPoint(address, port), limit.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket that insists on one interface (<c>SO_BINDTODEVICE</c>).</summary>
    public static Socket BoundToInterface(NetworkNamespace pod, AddressFamily family, string name)
    {
        Socket socket = Open(pod, family, SocketType.Stream, mark: 0);
        socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(name + "\0"));
        return socket;
    }

    public static async Task<Socket> AcceptAsync(Socket listener, string who)
    {
        using var limit = new CancellationTokenSource(Deadline);
        try
        {
            return await listener.AcceptAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("nothing reached " + who);
        }
    }

    public static async Task SayAsync(Socket socket, string text) => await socket.SendAsync(Encoding.ASCII.GetBytes(text));

    public static async Task<string> HearAsync(Socket socket, int length)
    {
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[length];
        int got = 0;
        while (got < length)
        {
            int n = await socket.ReceiveAsync(buffer.AsMemory(got), limit.Token);
            if (n == 0)
            {
                break;
            }

            got += n;
        }

        return Encoding.ASCII.GetString(buffer, 0, got);
    }

    public static async Task<(string Text, IPEndPoint From)> HearDatagramAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[512];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        SocketReceiveFromResult got = await socket.ReceiveFromAsync(buffer, any, limit.Token);
        return (Encoding.ASCII.GetString(buffer, 0, got.ReceivedBytes), (IPEndPoint)got.RemoteEndPoint);
    }

    /// <summary>Where a redirected connection wanted to go.</summary>
    public static IPEndPoint OriginalDestination(Socket socket)
    {
        byte[] raw = new byte[28];
        bool v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        int length;
        try
        {
            length = socket.GetRawSocketOption(v4 ? 0 : 41, SoOriginalDestination, raw);
        }
        catch (SocketException)
        {
            // Not translated: the connection's own address is where it wanted to go.
            return (IPEndPoint)socket.LocalEndPoint!;
        }

        int port = (raw[2] << 8) | raw[3];
        return v4 && length >= 8 ? new IPEndPoint(new IPAddress(raw.AsSpan(4, 4)), port) : new IPEndPoint(new IPAddress(raw.AsSpan(8, 16)), port);
    }

    public static IPEndPoint PeerOf(Socket socket) => (IPEndPoint)socket.RemoteEndPoint!;

    private static Socket Open(NetworkNamespace pod, AddressFamily family, SocketType type, uint mark) => pod.Run(() =>
    {
        var socket = new Socket(family, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = false;
        }

        if (mark != 0)
        {
            SetOption(socket, SolSocket, SoMark, (int)mark);
        }

        return socket;
    });

    private static void SetTransparent(Socket socket)
    {
        bool v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        SetOption(socket, v4 ? 0 : 41, v4 ? 19 : 75, 1);
    }

    private static void SetOption(Socket socket, int level, int option, int value) => socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes([value]));
}
