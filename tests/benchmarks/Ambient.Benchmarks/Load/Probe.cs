using System.Diagnostics;

using System.Net.Sockets;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Tries the path until it works: an exchange, or a connection that stays open for bytes without being closed.</summary>
internal static class Probe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>0 when the path works within the limit.</summary>
    public static int Run(SocketAddress address, bool exchange)
    {
        long start = Stopwatch.GetTimestamp();
        using ManualResetEventSlim never = new();
        while (Stopwatch.GetElapsedTime(start) < Limit)
        {
            if (exchange ? BlockingExchange.TryOnce(address, TimeSpan.FromSeconds(5), keepOpen: false) : TakesBytes(address))
            {
                return 0;
            }

            never.Wait(20);
        }

        Console.Error.WriteLine($"nothing answers at {address}");
        return 1;
    }

    // A proxy accepts before its upstream is there, so only bytes that stay accepted prove the path.
    private static bool TakesBytes(SocketAddress address)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 300 };
        try
        {
            socket.Connect(System.Net.IPEndPoint.Parse(address.ToString()));
            socket.Send(new byte[1024]);
            return socket.Receive(new byte[1]) != 0;
        }
        catch (SocketException e)
        {
            // Silence is what a sink answers.
            return e.SocketErrorCode == SocketError.TimedOut || e.SocketErrorCode == SocketError.WouldBlock;
        }
    }
}
