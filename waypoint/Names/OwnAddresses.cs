using System.Net.NetworkInformation;
using Ambient.Dns.Resolving;
using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Names;

/// <summary>The addresses of the machine or pod that this runs in. Immutable.</summary>
internal sealed class OwnAddresses
{
    private readonly HashSet<IpAddress> _all;

    public OwnAddresses(IEnumerable<IpAddress> all) => _all = [.. all];

    /// <summary>Which addresses can be reached from here: of families that it has addresses of; both when it has none at all.</summary>
    public AddressFamilies Families
    {
        get
        {
            AddressFamilies families = AddressFamilies.None;
            foreach (IpAddress address in _all)
            {
                families |= SpecialAddresses.Contains(address) ? AddressFamilies.None : address.IsIPv4 ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
            }

            return families == AddressFamilies.None ? AddressFamilies.IPv4 | AddressFamilies.IPv6 : families;
        }
    }

    /// <summary>Those of all interfaces.</summary>
    public static OwnAddresses Read()
    {
        List<IpAddress> all = [];
        try
        {
            foreach (NetworkInterface card in NetworkInterface.GetAllNetworkInterfaces())
            {
                foreach (UnicastIPAddressInformation held in card.GetIPProperties().UnicastAddresses)
                {
                    all.Add(IpAddress.From(held.Address.GetAddressBytes()));
                }
            }
        }
        catch (NetworkInformationException)
        {
            // Then those on loopback and the link are all that is known to be ours.
        }

        return new OwnAddresses(all);
    }

    /// <summary>Whether it is one of them.</summary>
    public bool Contains(IpAddress address) => _all.Contains(address);
}
