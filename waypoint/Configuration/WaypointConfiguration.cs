using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;

namespace Ambient.Waypoint.Configuration;

/// <summary>Everything that the control plane said, compiled. Immutable; swapped as a whole, a request keeps the one it began with.</summary>
internal sealed class WaypointConfiguration
{
    private readonly Dictionary<(NamespacedHostname Service, ushort Port), ServedPort> _ports = [];
    private readonly Dictionary<NamespacedHostname, DestinationSettings> _destinations;

    private WaypointConfiguration(WaypointSettings settings, Dictionary<NamespacedHostname, DestinationSettings> destinations)
    {
        Settings = settings;
        _destinations = destinations;
        Authorizers = new AuthorizerSet(settings.Authorizers);
    }

    /// <summary>Nothing is served.</summary>
    public static WaypointConfiguration Empty { get; } = new(new WaypointSettings(), []);

    /// <summary>What holds for all services.</summary>
    public WaypointSettings Settings { get; }

    /// <summary>Who can be asked by CUSTOM policies.</summary>
    public AuthorizerSet Authorizers { get; }

    /// <summary>Ports that are served.</summary>
    public int PortCount => _ports.Count;

    /// <summary>Compiles a configuration; false with what is wrong about it, and the last one stays in force.</summary>
    public static bool TryCompile(WaypointBundle bundle, string trustDomain, Action<string> problem, [NotNullWhen(true)] out WaypointConfiguration? configuration, [NotNullWhen(false)] out string? error)
    {
        configuration = new WaypointConfiguration(
            bundle.Settings ?? new WaypointSettings(),
            bundle.Destinations.DistinctBy(d => (d.Namespace, d.Hostname)).ToDictionary(d => new NamespacedHostname(d.Namespace, d.Hostname)));
        string[] domains = [trustDomain, .. configuration.Settings.TrustDomainAliases];
        foreach (ServiceRoutes routes in bundle.Routes)
        {
            NamespacedHostname key = new(routes.Namespace, routes.Hostname);
            string name = key.ToString();
            AccessPolicy[] policies = [.. bundle.Policies.Where(policy => policy.Attachments.Any(a => a.All || a.Service == name))];
            AccessProgram http = new(policies, new AccessContext(domains, IsHttp: true), problem);
            AccessProgram tcp = new(policies, new AccessContext(domains, IsHttp: false));
            TokenProgram tokens = new(bundle.Tokens.Where(policy => policy.Attachments.Any(a => a.All || a.Service == name)), problem);
            foreach (PortRoutes port in routes.Ports)
            {
                if (!PortTable.TryCompile(port, out PortTable? table, out error))
                {
                    error = $"{name}: {error}";
                    configuration = null;
                    return false;
                }

                configuration._ports[(key, table.Port)] = new ServedPort(table, http, tcp, tokens) { Service = key };
            }
        }

        error = null;
        return true;
    }

    /// <summary>The port of a service; null when it is not served here.</summary>
    public ServedPort? Find(NamespacedHostname service, ushort port) => _ports.GetValueOrDefault((service, port));

    /// <summary>How a host is reached; null when nobody said.</summary>
    public DestinationSettings? FindDestination(NamespacedHostname service) => _destinations.GetValueOrDefault(service);
}
