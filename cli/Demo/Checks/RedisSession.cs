using System.Net;
using System.Net.Sockets;
using Ambient.Cli.Sandbox;

namespace Ambient.Cli.Demo.Checks;

/// <summary>One connection to Redis that a pod holds open.</summary>
internal static class RedisSession
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Connects from a pod and asks once. Throws <see cref="CheckFailedException"/>.</summary>
    public static async Task<Socket> OpenAsync(SandboxPod pod, IPAddress address, CancellationToken cancellation)
    {
        Socket socket = pod.Network.Namespace.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(address, SandboxLayout.Cache.Port, cancellation);
            string answer = await PingAsync(socket, cancellation);
            return answer == "+PONG" ? socket : throw new CheckFailedException($"{pod.Plan.Name} must reach redis first; it said {answer}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Asks; the answer, or how the connection ended.</summary>
    public static async Task<string> PingAsync(Socket socket, CancellationToken cancellation)
    {
        try
        {
            await socket.SendAsync("PING\r\n"u8.ToArray(), cancellation);
            byte[] buffer = new byte[64];
            int length = await socket.ReceiveAsync(buffer, cancellation).AsTask().WaitAsync(Deadline, cancellation);
            return length == 0 ? "closed" : System.Text.Encoding.ASCII.GetString(buffer, 0, length).Trim();
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return e.Message;
        }
    }
}
