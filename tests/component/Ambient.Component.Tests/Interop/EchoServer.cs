using System.Net.Sockets;
using System.Security.Cryptography;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Interop;

/// <summary>Returns every byte, then the end. Disposing it stops it.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();

    private EchoServer(Socket listener)
    {
        _listener = listener;
        _ = Task.Run(AcceptAsync);
    }

    public static EchoServer Start(VirtualPod pod, int port) => new(MeshPair.Listen(pod, port));

    /// <summary>On one of the pod's addresses.</summary>
    public static EchoServer Start(VirtualPod pod, System.Net.IPEndPoint address) => new(MeshPair.Listen(pod, address));

    /// <summary>Sends random bytes and requires the same bytes back; with <paramref name="halfClose"/> also the end, after having ended itself.</summary>
    public static async Task ExchangeAsync(Socket client, int megabytes, bool halfClose = true)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(megabytes << 20);
        Task sending = Task.Run(async () =>
        {
            await client.SendAsync(sent);
            if (halfClose)
            {
                client.Shutdown(SocketShutdown.Send);
            }
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        byte[] got = new byte[sent.Length + (halfClose ? 1 : 0)];
        int length = 0;
        for (int n = 1; n > 0 && length < got.Length; length += n)
        {
            n = await client.ReceiveAsync(got.AsMemory(length), limit.Token);
        }

        await sending;
        Assert.Equal(sent.Length, length);
        Assert.True(sent.AsSpan().SequenceEqual(got.AsSpan(0, length)), "the bytes differ");
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        using (socket)
        {
            byte[] buffer = new byte[64 << 10];
            try
            {
                for (int n; (n = await socket.ReceiveAsync(buffer, stop)) > 0;)
                {
                    for (int sent = 0; sent < n;)
                    {
                        sent += await socket.SendAsync(buffer.AsMemory(sent, n - sent), stop);
                    }
                }

                socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The caller went away; that is its business.
            }
        }
    }

    private async Task AcceptAsync()
    {
        CancellationToken stop = _stop.Token;
        try
        {
            while (true)
            {
                Socket accepted = await _listener.AcceptAsync(stop);
                _ = Task.Run(() => EchoAsync(accepted, stop), CancellationToken.None);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
