using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Balancing;

/// <summary>In which order the addresses of one endpoint are tried (RFC 8305 section 4): one family after the other, IPv6 first. Pure.</summary>
internal static class RaceOrder
{
    // More than these are not tried: whoever has none of six will not have the seventh.
    private const int MaxAddresses = 6;

    /// <summary>The endpoint with all of them.</summary>
    public static EndpointKey Of(IpAddress[] addresses, ushort port, SpiffeId? identity)
    {
        IpAddress[] six = Array.FindAll(addresses, static address => !address.IsIPv4);
        IpAddress[] four = Array.FindAll(addresses, static address => address.IsIPv4);
        List<IpPort> order = [];
        for (int i = 0; i < Math.Max(six.Length, four.Length); i++)
        {
            if (i < six.Length)
            {
                order.Add(new IpPort(six[i], port));
            }

            if (i < four.Length)
            {
                order.Add(new IpPort(four[i], port));
            }
        }

        return new EndpointKey(order[0], identity) { Others = [.. order.Skip(1).Take(MaxAddresses - 1)] };
    }
}
