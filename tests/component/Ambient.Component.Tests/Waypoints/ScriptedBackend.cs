using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A server that does with each connection what the test says; the number counts connections from 1. Disposing it stops it.</summary>
internal sealed class ScriptedBackend : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket, int, Task> _script;
    private int _connections;
    private int _open;

    private ScriptedBackend(Socket listener, Func<Socket, int, Task> script)
    {
        _listener = listener;
        _script = script;
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Connections so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that are not over.</summary>
    public int Open => Volatile.Read(ref _open);

    public static ScriptedBackend Start(VirtualPod pod, int port, Func<Socket, int, Task> script) => new(MeshPair.Listen(pod, port), script);

    /// <summary>Reads until the text ends a head or a body that the test knows; returns everything.</summary>
    public static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[16384];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal) && await socket.ReceiveAsync(buffer) is int read and > 0)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    public static async Task SayAsync(Socket socket, string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text));

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                int number = Interlocked.Increment(ref _connections);
                Interlocked.Increment(ref _open);
                _ = Task.Run(() => ServeAsync(client, number));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client, int number)
    {
        using Socket owned = client;
        try
        {
            await _script(owned, number);
        }
        catch (SocketException)
        {
            // The other side went away, as some tests want it.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
