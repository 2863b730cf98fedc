using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;

namespace Ambient.Ztunnel.Relaying;

/// <summary>Between the kernel's addresses and the model's.</summary>
internal static class Addresses
{
    /// <summary>A socket's address as the model knows it.</summary>
    public static IpPort ToModel(this in SocketAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IpPort(IpAddress.From(bytes[..address.WriteAddressBytes(bytes)]), address.Port);
    }

    /// <summary>A model's address for a system call.</summary>
    public static SocketAddress ToSocket(this in IpPort address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return SocketAddress.From(bytes[..address.Address.WriteBytes(bytes)], address.Port);
    }
}
