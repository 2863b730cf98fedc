namespace Ambient.Mesh.Addresses;

/// <summary>
/// Addresses that mean something else to everybody who dials them, so that nobody is led there by what others write: by an endpoint, a name or an address of a key set. The
/// one list of the control plane and the waypoint. Pure functions.
/// </summary>
public static class SpecialAddresses
{
    // IPv4 in another dress: 64:ff9b::a.b.c.d (RFC 6052) and 2002:a.b.c.d:: (RFC 3056).
    private const ulong TranslatedHigh = 0x0064_ff9b_0000_0000;
    private const ulong SixToFour = 0x2002;

    // 100.100.100.200 of Alibaba, 168.63.129.16 of Azure's host.
    private const uint MetadataOfAlibaba = 0x6464_64c8;
    private const uint MetadataOfAzure = 0xa83f_8110;

    // AWS's metadata service over IPv6, fd00:ec2::254: what is on the link over IPv4 is not over IPv6.
    private const ulong MetadataHigh = 0xfd00_0ec2_0000_0000;
    private const ulong MetadataLow = 0x254;

    /// <summary>Whether it is none of one host.</summary>
    public static bool Contains(IpAddress address) => KindOf(address) != SpecialAddress.None;

    /// <summary>What it means.</summary>
    public static SpecialAddress KindOf(IpAddress address)
    {
        if (address.IsIPv4)
        {
            return KindOf(address.IPv4Bits);
        }

        if (address.IsLoopback)
        {
            return SpecialAddress.Loopback;
        }

        (ulong high, ulong low) = (address.HighBits, address.LowBits);
        return high >> 56 == 0xff ? SpecialAddress.Several
            : high >> 54 == 0xfe80 >> 6 ? SpecialAddress.LinkLocal
            : high is 0 or TranslatedHigh && low >> 32 == 0 ? KindOf((uint)low)
            : high >> 48 == SixToFour ? KindOf((uint)(high >> 16))
            : high == MetadataHigh && low == MetadataLow ? SpecialAddress.Metadata
            : SpecialAddress.None;
    }

    private static SpecialAddress KindOf(uint bits) => (bits >> 24) switch
    {
        0 => SpecialAddress.Unspecified,
        127 => SpecialAddress.Loopback,
        169 when bits >> 16 == 0xa9fe => SpecialAddress.LinkLocal,
        >= 224 and < 240 => SpecialAddress.Several,
        _ => bits == uint.MaxValue ? SpecialAddress.Several
            : bits is MetadataOfAlibaba or MetadataOfAzure ? SpecialAddress.Metadata
            : SpecialAddress.None,
    };
}
