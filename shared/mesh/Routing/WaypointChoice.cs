using Ambient.Mesh.Services;

namespace Ambient.Mesh.Routing;

/// <summary>Which waypoint a connection to a Service passes (ztunnel.md 3.3).</summary>
internal static class WaypointChoice
{
    /// <summary>One of the weighted waypoints; the single one when there are none or none has a weight; null for no waypoint.</summary>
    internal static GatewayAddress? Of(Service service, Random random)
    {
        long total = 0;
        foreach (WeightedWaypoint waypoint in service.Definition.WeightedWaypoints)
        {
            total += waypoint.Weight;
        }

        if (total > 0)
        {
            long left = random.NextInt64(total);
            foreach (WeightedWaypoint waypoint in service.Definition.WeightedWaypoints)
            {
                left -= waypoint.Weight;
                if (left < 0)
                {
                    return waypoint.Destination;
                }
            }
        }

        return service.Waypoint;
    }
}
