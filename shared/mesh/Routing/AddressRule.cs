using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Which of a workload's addresses is dialled (ztunnel.md 3.7).</summary>
internal static class AddressRule
{
    /// <summary>The wanted address if the workload owns it; else, among the families that are served, the first of the wanted family, else the first.</summary>
    internal static bool TryChoose(Workload workload, IpFamilies families, IpAddress wanted, out IpAddress address)
    {
        address = wanted;
        if (workload.Owns(wanted))
        {
            return true;
        }

        bool found = false;
        for (int i = 0; i < workload.AddressCount; i++)
        {
            IpAddress candidate = workload.AddressAt(i);
            if (!IsServed(families, candidate))
            {
                continue;
            }

            if (candidate.IsSameFamily(wanted))
            {
                address = candidate;
                return true;
            }

            if (!found)
            {
                address = candidate;
                found = true;
            }
        }

        return found;
    }

    private static bool IsServed(IpFamilies families, IpAddress address) => families switch
    {
        IpFamilies.IPv4Only => address.IsIPv4,
        IpFamilies.IPv6Only => !address.IsIPv4,
        _ => true,
    };
}
