using System.Net;
using System.Net.Sockets;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>Accepts in a pod and passes each connection on from there, byte by byte, ends included. Disposing it stops it.</summary>
internal sealed class Forwarder : IDisposable
{
    private readonly Socket _listener;
    private readonly VirtualPod _pod;
    private readonly IPEndPoint _target;
    private int _connections;

    private Forwarder(VirtualPod pod, int port, IPEndPoint target)
    {
        _pod = pod;
        _target = target;
        _listener = MeshPair.Listen(pod, port);
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Connections that came so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public static Forwarder Start(VirtualPod pod, int port, IPEndPoint target) => new(pod, port, target);

    public void Dispose() => _listener.Dispose();

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[64 << 10];
        for (int n; (n = await from.ReceiveAsync(buffer)) > 0;)
        {
            for (int sent = 0; sent < n;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, n - sent));
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket accepted = await _listener.AcceptAsync();
                Interlocked.Increment(ref _connections);
                _ = Task.Run(() => PassOnAsync(accepted));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task PassOnAsync(Socket accepted)
    {
        using (accepted)
        {
            try
            {
                using Socket onward = await MeshPair.ConnectAsync(_pod, _target);
                await Task.WhenAll(CopyAsync(accepted, onward), CopyAsync(onward, accepted));
            }
            catch (SocketException)
            {
                // Either side went away.
            }
        }
    }
}
