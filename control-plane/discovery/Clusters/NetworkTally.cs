using System.Runtime.InteropServices;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>The endpoints of a service that another network has, counted: a change of one costs the same whatever their number. Not thread-safe.</summary>
internal sealed class NetworkTally
{
    private readonly Dictionary<FarIdentity, int> _identities = [];

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>The weight of all that are reachable.</summary>
    internal long Weight { get; private set; }

    /// <summary>The weight of those that are ready as well.</summary>
    internal long HealthyWeight { get; private set; }

    /// <summary>Who they are.</summary>
    internal IReadOnlyCollection<FarIdentity> Identities => _identities.Keys;

    /// <summary>Counts a workload in, or out; whether its identity has come or gone by that.</summary>
    internal bool Add(RemoteWorkload workload, int sign)
    {
        Count += sign;
        if (!workload.IsReachable)
        {
            return false;
        }

        Weight += sign * (long)workload.Weight;
        HealthyWeight += workload.IsHealthy ? sign * (long)workload.Weight : 0;
        if (workload.Identity.ServiceAccount.Length == 0)
        {
            return false;
        }

        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_identities, workload.Identity, out _);
        count += sign;
        if (count > 0)
        {
            return count == 1 && sign > 0;
        }

        _identities.Remove(workload.Identity);
        return true;
    }
}
