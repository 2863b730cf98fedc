using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>In which order the addresses of one endpoint are tried (RFC 8305 section 4): of a name one family after the other, IPv6 first. Pure.</summary>
internal static class RaceOrder
{
    // More than these are not tried: whoever has none of six will not have the seventh.
    private const int MaxAddresses = 6;

    /// <summary>The endpoint of a workload in plain text: its addresses as they are told, the first first.</summary>
    public static EndpointKey Of(Workload workload, ushort port)
    {
        var first = new EndpointKey(new IpPort(workload.AddressAt(0), port), null);
        int more = Math.Min(workload.AddressCount, MaxAddresses) - 1;
        return more == 0 ? first : first with { Others = [.. Enumerable.Range(1, more).Select(index => new IpPort(workload.AddressAt(index), port))] };
    }

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
