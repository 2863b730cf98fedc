using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Xds.Mapping;

/// <summary>Services from the wire (ztunnel reference sections 4.6 and 4.8). Stateless.</summary>
internal static class ServiceMapping
{
    internal static Service Map(Wire.Service wire)
    {
        var spec = new ServiceSpec
        {
            Name = wire.Name,
            Namespace = wire.Namespace,
            Hostname = wire.Hostname,
            Ports = Fields.Ports(wire.Ports),
            Waypoint = Fields.Gateway(wire.Waypoint, "waypoint"),
            LoadBalancing = Balancing(wire.LoadBalancing),
            IpFamilies = Enum.IsDefined(wire.IpFamilies) ? (IpFamilies)wire.IpFamilies : throw Fields.Unknown("ip_families", wire.IpFamilies),
            IsCanonical = wire.Canonical,
            IngressUsesWaypoint = wire.IngressUseWaypoint,
            Visibility = wire.Visibility == Wire.Service.Types.Visibility.Namespace ? ServiceVisibility.Namespace : ServiceVisibility.Public,
        };
        foreach (Wire.NetworkAddress address in wire.Addresses)
        {
            AddAddress(spec, address);
        }

        spec.SubjectAltNames.AddRange(wire.SubjectAltNames);
        foreach (Wire.WeightedWaypoint waypoint in wire.WeightedWaypoints)
        {
            spec.WeightedWaypoints.Add(new WeightedWaypoint(Fields.RequiredGateway(waypoint.Destination, "weighted_waypoints.destination"), waypoint.Weight));
        }

        return new Service(spec);
    }

    private static void AddAddress(ServiceSpec spec, Wire.NetworkAddress wire)
    {
        IpAddress address = Fields.Address(wire.Address, "addresses");
        if (!wire.HasLength || wire.Length == address.BitCount)
        {
            spec.Vips.Add(new NetworkAddress(wire.Network, address));
        }
        else if (wire.Length < address.BitCount && IpPrefix.TryCreate(address, (int)wire.Length, out IpPrefix prefix))
        {
            spec.CidrVips.Add(new NetworkPrefix(wire.Network, prefix));
        }
        else
        {
            throw new FieldException($"addresses: the length {wire.Length} is too long for {address}");
        }
    }

    private static LoadBalancing? Balancing(Wire.LoadBalancing? wire)
    {
        if (wire is null)
        {
            return null;
        }

        var scopes = new RoutingScope[wire.RoutingPreference.Count];
        for (int i = 0; i < scopes.Length; i++)
        {
            Wire.LoadBalancing.Types.Scope scope = wire.RoutingPreference[i];
            scopes[i] = scope != Wire.LoadBalancing.Types.Scope.UnspecifiedScope && Enum.IsDefined(scope)
                ? (RoutingScope)scope
                : throw Fields.Unknown("load_balancing.routing_preference", scope);
        }

        return new LoadBalancing(
            scopes,
            Enum.IsDefined(wire.Mode) ? (LoadBalancingMode)wire.Mode : throw Fields.Unknown("load_balancing.mode", wire.Mode),
            Enum.IsDefined(wire.HealthPolicy) ? (HealthPolicy)wire.HealthPolicy : throw Fields.Unknown("load_balancing.health_policy", wire.HealthPolicy));
    }
}
