using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Services;

/// <summary>The part of a Service that its endpoints don't change. Immutable; shared by successive <see cref="Service"/> objects.</summary>
internal sealed class ServiceDefinition
{
    internal ServiceDefinition(ServiceSpec spec)
    {
        Key = new NamespacedHostname(spec.Namespace, spec.Hostname);
        Name = spec.Name;
        Vips = [.. spec.Vips.Distinct()];
        CidrVips = [.. spec.CidrVips.Distinct()];
        Ports = spec.Ports;
        SubjectAltNames = [.. spec.SubjectAltNames];
        Waypoint = spec.Waypoint;
        WeightedWaypoints = [.. spec.WeightedWaypoints];
        LoadBalancing = spec.LoadBalancing;
        IpFamilies = spec.IpFamilies;
        IsCanonical = spec.IsCanonical;
        IngressUsesWaypoint = spec.IngressUsesWaypoint;
        Visibility = spec.Visibility;
        StaticEndpoints = [.. spec.StaticEndpoints];
        Identities = ParseIdentities(SubjectAltNames);
    }

    internal NamespacedHostname Key { get; set; }

    internal string Name { get; set; }

    internal NetworkAddress[] Vips { get; }

    internal NetworkPrefix[] CidrVips { get; }

    internal PortMap Ports { get; set; }

    internal string[] SubjectAltNames { get; }

    internal IdentitySet Identities { get; }

    internal GatewayAddress? Waypoint { get; }

    internal WeightedWaypoint[] WeightedWaypoints { get; }

    internal LoadBalancing? LoadBalancing { get; }

    internal StaticEndpoint[] StaticEndpoints { get; }

    internal IpFamilies IpFamilies { get; }

    internal ServiceVisibility Visibility { get; }

    internal bool IsCanonical { get; }

    internal bool IngressUsesWaypoint { get; }

    /// <summary>Names that aren't SPIFFE identities can't be shown by any peer, so they are left out of the set.</summary>
    private static IdentitySet ParseIdentities(string[] names)
    {
        IdentitySet set = IdentitySet.Empty;
        foreach (string name in names)
        {
            if (SpiffeId.TryParse(name, out SpiffeId? identity))
            {
                set = set.With(identity);
            }
        }

        return set;
    }
}
