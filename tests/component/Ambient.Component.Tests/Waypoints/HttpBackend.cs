using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>An HTTP server that answers with its name, with whose connection it is, and with the request as it arrived. Disposing it stops it.</summary>
internal sealed class HttpBackend : IDisposable
{
    private readonly Socket _listener;
    private readonly string _name;

    private HttpBackend(Socket listener, string name)
    {
        _listener = listener;
        _name = name;
        _ = Task.Run(AcceptAsync);
    }

    public static HttpBackend Start(VirtualPod pod, int port, string name) => new(MeshPair.Listen(pod, port), name);

    /// <summary>On one address of the pod.</summary>
    public static HttpBackend Start(VirtualPod pod, IPEndPoint address, string name) => new(MeshPair.Listen(pod, address), name);

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket owned = client;
        string peer = ((IPEndPoint)owned.RemoteEndPoint!).Address.ToString();
        StringBuilder text = new();
        byte[] buffer = new byte[16384];
        while (await owned.ReceiveAsync(buffer) is int read and > 0)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            for (int end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal); end >= 0; end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal))
            {
                string head = text.ToString(0, end + 4);
                text.Remove(0, end + 4);
                string body = $"{_name}\n{head}";
                await owned.SendAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nX-Backend: {_name}\r\nX-Peer: {peer}\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            }
        }
    }
}
