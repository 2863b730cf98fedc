using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Opens connections that make one request each and then stay silent; prints READY and waits to be killed.</summary>
internal static class IdleLoad
{
    /// <summary>Returns only on failure.</summary>
    public static int Run(SocketAddress address, int connections)
    {
        for (int i = 0; i < connections; i++)
        {
            if (!BlockingExchange.TryOnce(address, TimeSpan.FromSeconds(10), keepOpen: true))
            {
                Console.WriteLine($"connection {i} failed");
                return 1;
            }
        }

        Console.WriteLine("READY");
        Console.Out.Flush();
        using ManualResetEvent never = new(false);
        never.WaitOne();
        return 0;
    }
}
