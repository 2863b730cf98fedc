using System.Net.Sockets;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>One request and answer over an ordinary blocking socket.</summary>
internal static class BlockingExchange
{
    private static readonly List<Socket> Kept = [];

    /// <summary>Connects, sends the request, reads the whole answer.</summary>
    public static bool TryOnce(SocketAddress address, TimeSpan limit, bool keepOpen)
    {
        bool keep = false;
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = (int)limit.TotalMilliseconds, SendTimeout = (int)limit.TotalMilliseconds };
        try
        {
            socket.Connect(System.Net.IPEndPoint.Parse(address.ToString()));
            socket.Send(Exchange.Request);
            byte[] buffer = new byte[1024];
            for (int received = 0; received < Exchange.Response.Length;)
            {
                int read = socket.Receive(buffer);
                if (read == 0)
                {
                    return false;
                }

                received += read;
            }

            keep = keepOpen;
            if (keep)
            {
                Kept.Add(socket);
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        finally
        {
            if (!keep)
            {
                socket.Dispose();
            }
        }
    }
}
