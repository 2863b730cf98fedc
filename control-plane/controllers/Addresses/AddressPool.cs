using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Ambient.ControlPlane.Controllers.Addresses;

/// <summary>Pairs of addresses by number: the same number in a block of IPv4 and in one of IPv6. Immutable.</summary>
public sealed class AddressPool
{
    private readonly BigInteger _ipv4;
    private readonly BigInteger _ipv6;
    private readonly IPNetwork _ipv4Block;
    private readonly IPNetwork _ipv6Block;

    private AddressPool(IPNetwork ipv4, IPNetwork ipv6)
    {
        (_ipv4Block, _ipv6Block) = (ipv4, ipv6);
        (_ipv4, _ipv6) = (Number(ipv4.BaseAddress), Number(ipv6.BaseAddress));
        int bits = Math.Min(32 - ipv4.PrefixLength, Math.Min(30, 128 - ipv6.PrefixLength));
        Size = (1 << Math.Min(bits, 30)) - 1;
    }

    /// <summary>The highest number; the lowest is 1.</summary>
    public int Size { get; }

    /// <summary>Reads two blocks; null with what is wrong.</summary>
    public static AddressPool? Parse(string ipv4, string ipv6, out string? error)
    {
        error = !IPNetwork.TryParse(ipv4, out IPNetwork four) || four.BaseAddress.AddressFamily != AddressFamily.InterNetwork || four.PrefixLength > 30 ? $"'{ipv4}' is no block of IPv4 addresses; allowed: such as 240.240.0.0/16"
            : !IPNetwork.TryParse(ipv6, out IPNetwork six) || six.BaseAddress.AddressFamily != AddressFamily.InterNetworkV6 || six.PrefixLength > 126 ? $"'{ipv6}' is no block of IPv6 addresses; allowed: such as 2001:2::/48"
            : null;
        return error is null ? new AddressPool(IPNetwork.Parse(ipv4), IPNetwork.Parse(ipv6)) : null;
    }

    /// <summary>The addresses of a number.</summary>
    public (IPAddress Ipv4, IPAddress Ipv6) this[int number] => (Address(_ipv4 + number, 4), Address(_ipv6 + number, 16));

    /// <summary>The number of an address; null: it is none of ours.</summary>
    public int? NumberOf(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        bool isIpv4 = address.AddressFamily == AddressFamily.InterNetwork;
        if (!(isIpv4 ? _ipv4Block : _ipv6Block).Contains(address))
        {
            return null;
        }

        BigInteger number = Number(address) - (isIpv4 ? _ipv4 : _ipv6);
        return number > 0 && number <= Size ? (int)number : null;
    }

    private static BigInteger Number(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static IPAddress Address(BigInteger number, int length)
    {
        byte[] bytes = new byte[length];
        byte[] digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, length - digits.Length);
        return new IPAddress(bytes);
    }
}
