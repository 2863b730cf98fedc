using System.Net;
using System.Net.Sockets;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Resolves hostnames of workloads with the proxy's own resolver, away from the loop.</summary>
internal static class NameLookup
{
    /// <summary>Calls back on the loop with the addresses, none when the name does not resolve. Whose method it is ends when it throws.</summary>
    public static void Begin(string hostname, EventLoop.EventLoop loop, Action<IPAddress[]> found) =>
        _ = ResolveAsync(hostname, loop, found);

    private static async Task ResolveAsync(string hostname, EventLoop.EventLoop loop, Action<IPAddress[]> found)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await System.Net.Dns.GetHostAddressesAsync(hostname);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            addresses = [];
        }

        loop.Post(_ => found(addresses), found.Target);
    }
}
