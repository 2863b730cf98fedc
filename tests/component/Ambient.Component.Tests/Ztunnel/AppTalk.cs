using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>What applications say to each other, and how they see a connection end.</summary>
internal static class AppTalk
{
    /// <summary>One byte there and back over a new connection; false when it is refused or ends before the answer.</summary>
    public static bool TryAsk(VirtualPod from, IPEndPoint target)
    {
        try
        {
            using Socket client = MeshPair.Connect(from, target);
            return TryAsk(client);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            return false;
        }
    }

    /// <summary>One byte there and back; false when the connection has ended.</summary>
    public static bool TryAsk(Socket client)
    {
        byte[] answer = new byte[1];
        try
        {
            client.Send("x"u8);
            return client.Receive(answer) == 1 && answer[0] == 'x';
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return false;
        }
    }

    public static void Say(Socket socket, string text) => Assert.Equal(text.Length, socket.Send(Encoding.ASCII.GetBytes(text)));

    /// <summary>Exactly so many bytes as text; fewer when the connection ends before.</summary>
    public static string Hear(Socket socket, int length)
    {
        byte[] buffer = new byte[length];
        int at = 0;
        for (int n = 1; n > 0 && at < length; at += n)
        {
            n = socket.Receive(buffer, at, length - at, SocketFlags.None);
        }

        return Encoding.ASCII.GetString(buffer, 0, at);
    }

    public static void AssertEnd(Socket socket) => Assert.Equal(0, socket.Receive(new byte[1]));

    public static void AssertReset(Socket socket)
    {
        SocketException error = Assert.Throws<SocketException>(() => socket.Receive(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    /// <summary>Closes with a reset, as a program does that crashed or has given up.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
