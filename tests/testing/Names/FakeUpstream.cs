using System.Net.Sockets;
using Xunit;
using System.Net;

namespace Ambient.Testing.Names;

/// <summary>A nameserver whose answers the test gives: one function of (query, over UDP), null for silence.</summary>
public sealed class FakeUpstream : IDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<byte[], bool, byte[]?> _answer;
    private readonly Task _udpTask;
    private readonly Task _tcpTask;
    private int _queries;

    public FakeUpstream(Func<byte[], bool, byte[]?> answer)
    {
        _answer = answer;
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_udp.LocalEndPoint!).Port;
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        _tcp.Listen(8);
        // Not on the test runner's own context: the tests block its threads.
        _udpTask = Task.Run(ServeUdp);
        _tcpTask = Task.Run(ServeTcp);
    }

    public int Port { get; }

    public int Queries => Volatile.Read(ref _queries);

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
        Assert.True(Task.WhenAll(_udpTask, _tcpTask).ContinueWith(t => t.Exception is null, TaskScheduler.Default).GetAwaiter().GetResult());
    }

    private async Task ServeUdp()
    {
        byte[] buffer = new byte[65535];
        try
        {
            while (true)
            {
                SocketReceiveFromResult received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Interlocked.Increment(ref _queries);
                if (_answer(buffer[..received.ReceivedBytes], true) is { } answer)
                {
                    await _udp.SendToAsync(answer, received.RemoteEndPoint);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeTcp()
    {
        try
        {
            while (true)
            {
                using Socket client = await _tcp.AcceptAsync();
                byte[] buffer = new byte[65537];
                int length = 0;
                while (length < 2 || length < 2 + ((buffer[0] << 8) | buffer[1]))
                {
                    int read = await client.ReceiveAsync(buffer.AsMemory(length));
                    if (read == 0)
                    {
                        break;
                    }

                    length += read;
                }

                Interlocked.Increment(ref _queries);
                if (length > 2 && _answer(buffer[2..length], false) is { } answer)
                {
                    await client.SendAsync(new byte[] { (byte)(answer.Length >> 8), (byte)answer.Length });
                    await client.SendAsync(answer);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
