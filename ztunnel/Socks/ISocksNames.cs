using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Socks;

/// <summary>Resolves names as the pod's DNS proxy would. Thread-safe.</summary>
public interface ISocksNames
{
    /// <summary>The first address of the family, or null; the callback runs on <paramref name="caller"/>, once.</summary>
    void Resolve(string name, bool ipv6, Ambient.EventLoop.EventLoop caller, Action<object?, SocketAddress?> callback, object? state);
}
