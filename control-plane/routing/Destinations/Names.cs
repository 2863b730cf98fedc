using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>How the endpoints of a ServiceEntry are found that are not told with their addresses (waypoint reference 2.5). Pure.</summary>
internal static class Names
{
    /// <summary>What a waypoint does with the names of a service; null: there are none.</summary>
    public static NameResolution? Of(RoutedService service) => service.Resolution switch
    {
        "DNS" => new NameResolution { Kind = service.Races ? NameResolution.Types.Kind.First : NameResolution.Types.Kind.All, Races = service.Races },
        "DNS_ROUND_ROBIN" => new NameResolution { Kind = NameResolution.Types.Kind.First, Races = service.Races },
        "DYNAMIC_DNS" => new NameResolution { Kind = IsByRequest(service) ? NameResolution.Types.Kind.ByRequest : NameResolution.Types.Kind.All, Races = service.Races },
        "NONE" => new NameResolution { Kind = NameResolution.Types.Kind.AsDialled },
        _ => null,
    };

    /// <summary>Whether requests choose the name: of hosts outside of the mesh alone.</summary>
    public static bool IsByRequest(RoutedService service) => service.Resolution == "DYNAMIC_DNS" && service.IsExternal && service.Hostname.StartsWith("*.", StringComparison.Ordinal);
}
