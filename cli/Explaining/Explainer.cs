using System.Globalization;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Cli.Explaining;

/// <summary>
/// Follows a connection through the decisions of both proxies (ztunnel.md 3.3, 3.8, 5), made by the same code that makes them on the data path. Pure.
/// </summary>
internal sealed class Explainer(MeshView view, string network)
{
    private const int MostEndpoints = 1000;

    /// <summary>The explanation; null, with the reason, when the question cannot be understood.</summary>
    public Explanation? Explain(string from, string to, int? port, out string? error)
    {
        if (!PartyFinder.TryFindWorkload(view, network, from, out Workload? source, out error))
        {
            return null;
        }

        if (Target(source, to, port, out error) is not { } target)
        {
            return null;
        }

        Service? service = view.FindService(new NetworkAddress(network, target.Address), source.Namespace);
        string about = service is null ? About(view.FindWorkload(new NetworkAddress(network, target.Address))) : $"service {service.Namespace}/{service.Hostname}";
        List<ExplainedPath> paths = source.Protocol == TunnelProtocol.Hbone ? [] : [.. Plain(source, target, service).Select(d => Follow(source, target, d))];
        HashSet<string> avoided = [];
        while (source.Protocol == TunnelProtocol.Hbone && avoided.Count < MostEndpoints)
        {
            Destination destination = DestinationResolver.Resolve(view, new OutboundQuery
            {
                Source = source,
                SourceAddress = Address(source, target.Address.IsIPv4),
                Target = target,
                OwnNetwork = network,
                Avoided = avoided,
                Random = new Random(1),
            });

            // Every endpoint in turn: those that had theirs are avoided, and one that comes again is the last.
            bool isNew = destination.Upstream is { } upstream && avoided.Add(upstream.Uid);
            if (paths.Count > 0 && !isNew)
            {
                break;
            }

            paths.Add(Follow(source, target, destination));
            if (service is null || avoided.Count == 0)
            {
                break;
            }
        }

        error = null;
        return new Explanation(About(source), about.Length == 0 ? $"{target}, which the mesh does not know" : $"{target}, {about}", paths);
    }

    /// <summary>Where the cluster's own services take a connection of which no proxy knows: to an endpoint, past every waypoint.</summary>
    private IEnumerable<Destination> Plain(Workload source, IpPort target, Service? service)
    {
        if (service is null)
        {
            return [new Direct(target) { Upstream = view.FindWorkload(new NetworkAddress(network, target.Address)) }];
        }

        Destination[] endpoints =
        [
            .. from workload in view.EndpointWorkloads(service).Take(MostEndpoints)
               where workload.Status == WorkloadStatus.Healthy && workload.AddressCount > 0 && service.PortsOf(workload).TryGet(target.Port, out _)
               let port = service.PortsOf(workload).TryGet(target.Port, out ushort mapped) ? mapped : target.Port
               select (Destination)new Direct(new IpPort(Address(workload, target.Address.IsIPv4), port)) { Upstream = workload, Intended = service },
        ];
        return endpoints.Length > 0 ? endpoints : [new Refused(CloseReason.NoHealthyUpstream, $"no healthy upstream: {target}") { Intended = service }];
    }

    private static string About(Workload? workload) => workload is null ? "" : $"{workload.Namespace}/{workload.Name} ({workload.Identity}, node {workload.Node}, {(workload.Protocol == TunnelProtocol.Hbone ? "in the mesh" : "not in the mesh")})";

    private static string Ztunnel(Workload workload) => "ztunnel on node " + (workload.Node.Length == 0 ? "?" : workload.Node);

    private static IpAddress Address(Workload workload, bool isIPv4) =>
        workload.TryGetAddress(isIPv4, out IpAddress address) ? address : isIPv4 ? IpAddress.LoopbackV4 : IpAddress.LoopbackV6;

    private IpPort? Target(Workload source, string to, int? port, out string? error)
    {
        error = null;
        if (port is <= 0 or > ushort.MaxValue)
        {
            error = $"--port {port} is no port";
            return null;
        }

        if (PartyFinder.FindService(view, to, source.Namespace) is { } service)
        {
            ushort[] ports = [.. Enumerate(service.Ports)];
            if (service.Vips.Count == 0)
            {
                error = $"service {service.Namespace}/{service.Name} has no address (it is headless): ask about one of its pods";
                return null;
            }

            if (port is null && ports.Length != 1)
            {
                error = $"service {service.Namespace}/{service.Name} has the ports {string.Join(", ", ports)}: say which with --port";
                return null;
            }

            return new IpPort(service.Vips[0].Address, (ushort)(port ?? ports[0]));
        }

        if (IpAddress.TryParse(to, out IpAddress address) || (PartyFinder.TryFindWorkload(view, network, to, out Workload? workload, out _) && workload.AddressCount > 0 && (address = workload.AddressAt(0)) == address))
        {
            error = port is null ? $"{to} is no service: say the port with --port" : null;
            return port is null ? null : new IpPort(address, (ushort)port);
        }

        error = $"'{to}' is neither a service nor a workload that the proxy knows, and no address; say namespace/name, name.namespace, a host name or an address";
        return null;
    }

    private ExplainedPath Follow(Workload source, IpPort target, Destination destination)
    {
        bool isCaptured = source.Protocol == TunnelProtocol.Hbone;
        List<string> notes = [];
        if (!isCaptured)
        {
            notes.Add("the source is not in the mesh: it is not encrypted, shows no identity, and passes waypoints by");
        }

        switch (destination)
        {
            case Refused refused:
                return new ExplainedPath(About(destination.Upstream) is { Length: > 0 } upstream ? upstream : target.ToString(), "none", isCaptured ? [Ztunnel(source)] : [], Decision.NoRoute, "", $"{refused.Text} ({CloseReasons.Describe(refused.Reason).Advice})", [], notes);
            case NeedsName name:
                return new ExplainedPath(About(destination.Upstream), $"plain TCP to what {name.Hostname} resolves to", [], Decision.NotEnforced, "", "the destination is outside of the mesh", [], notes);
            case Tunnel { ViaWaypoint: true } tunnel:
                return Waypoint(tunnel.Dial, tunnel.Authority, destination.Upstream, notes);
            case NestedTunnel nested:
                notes.Add("what happens behind the gateway is decided in the other network");
                return new ExplainedPath(nested.Authority, $"HBONE in HBONE through the gateway {nested.Dial}", ["the gateway's network"], Decision.NotEnforced, "", "another network decides", [], notes);
            case Direct direct when destination.Upstream is null:
                return new ExplainedPath(target.ToString(), $"plain TCP to {direct.Dial}", [], Decision.NotEnforced, "", "the destination is outside of the mesh", [], notes);
            default:
                return AtDestination(source, isCaptured, destination, notes);
        }
    }

    private static ExplainedPath Waypoint(IpPort dial, string authority, Workload? waypoint, List<string> notes)
    {
        string name = waypoint is null ? dial.ToString() : $"{waypoint.Namespace}/{waypoint.Name}";
        notes.Add("policies that are bound to the waypoint or to its services are the waypoint's; a node's proxy does not have them (ambientctl waypoint status)");
        return new ExplainedPath(
            authority,
            $"HBONE to the waypoint {name} at {dial}",
            [$"waypoint {name}", "ztunnel of the endpoint's node, which sees the waypoint's identity"],
            Decision.NotEnforced,
            "",
            "the waypoint decides",
            [],
            notes);
    }

    private ExplainedPath AtDestination(Workload source, bool isCaptured, Destination destination, List<string> notes)
    {
        Workload upstream = destination.Upstream!;
        IpPort reached = destination switch
        {
            Tunnel tunnel when IpPort.TryParse(tunnel.Authority, out IpPort authority) => authority,
            Tunnel tunnel => tunnel.Dial,
            Direct direct => direct.Dial,
            _ => default,
        };
        bool isTunnel = destination is Tunnel && isCaptured;
        string path = isTunnel ? $"HBONE to {((Tunnel)destination).Dial}, CONNECT {((Tunnel)destination).Authority}" : $"plain TCP to {reached}";
        if (upstream.Protocol != TunnelProtocol.Hbone)
        {
            return new ExplainedPath(About(upstream), path, [], Decision.NotEnforced, "", "the destination is not in the mesh: nobody decides", [], notes);
        }

        SpiffeId? peer = isTunnel ? source.Identity : null;
        var facts = new ConnectionFacts(new IpPort(Address(source, reached.Address.IsIPv4), 0), reached, peer, network);
        if (isTunnel && InboundResolver.Resolve(view, new InboundQuery { Local = upstream, Connection = reached.Address, Authority = reached.ToString(), OwnNetwork = network }) is InboundRefuse refusal)
        {
            return new ExplainedPath(About(upstream), path, [Ztunnel(upstream)], Decision.NoRoute, "", refusal.Text, [], notes);
        }

        Verdict verdict = PolicyEngine.Evaluate(view, facts, upstream);
        IReadOnlyList<ExplainedPolicy> policies = PolicyQuestions.Of(view, facts, upstream);
        notes.AddRange(verdict.Notes.Select(static n => n.Policy.Length == 0 ? n.Message : $"{n.Message}: {n.Policy}"));
        string decidedBy = verdict.PolicyKey is { } key ? $"{key}{RuleOf(policies, key)}" : "";
        return new ExplainedPath(About(upstream), path, [Ztunnel(upstream)], verdict.IsAllowed ? Decision.Allowed : Decision.Denied, decidedBy, verdict.Message, policies, notes);
    }

    private static string RuleOf(IReadOnlyList<ExplainedPolicy> policies, string key) =>
        policies.FirstOrDefault(p => p.Key == key && p.MatchedRules.Count > 0) is { } decided ? string.Create(CultureInfo.InvariantCulture, $" rule {decided.MatchedRules[0]}") : "";

    private static IEnumerable<ushort> Enumerate(PortMap ports)
    {
        foreach ((ushort service, _) in ports)
        {
            yield return service;
        }
    }
}
