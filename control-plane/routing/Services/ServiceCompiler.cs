using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>All routes of one service, from all sources, in their order.</summary>
internal sealed class ServiceCompiler(WaypointScope scope, Hosts hosts, ProblemList problems)
{
    private readonly VirtualServiceCompiler _virtual = new(scope, hosts, problems);
    private readonly GatewayRouteCompiler _gateway = new(scope, hosts, problems);

    public ServiceRoutes Compile(RoutedService service)
    {
        ServiceRoutes routes = new() { Namespace = service.Namespace, Hostname = service.Hostname };
        RoutingObject[] applicable = [.. _virtual.Applicable(service)];
        foreach (RoutedPort port in service.Ports)
        {
            PortRoutes compiled = new() { Port = port.Number, Protocol = port.Protocol, GrpcWeb = port.IsGrpcWeb, HostPattern = Names.IsByRequest(service) ? service.Hostname.ToLowerInvariant() : "" };
            if (port.MayBeHttp)
            {
                Http(service, port, applicable, compiled);
            }

            if (port.MayBeTcp)
            {
                Tcp(service, port, applicable, compiled);
            }

            routes.Ports.Add(compiled);
        }

        return routes;
    }

    private void Http(RoutedService service, RoutedPort port, RoutingObject[] applicable, PortRoutes compiled)
    {
        List<(DateTimeOffset Created, IReadOnlyList<CandidateRoute> Routes)> groups = [.. applicable.Select(source => (source.Created, _virtual.Http(source, port.Number)))];
        (DateTimeOffset oldest, IReadOnlyList<CandidateRoute> fromGateway) = _gateway.Http(service, port);
        if (fromGateway.Count > 0)
        {
            groups.Add((oldest, fromGateway));
        }

        RouteTable table = new(compiled, problems);
        RoutingObject? hidesOthers = null;
        bool isRouted = false;
        foreach (CandidateRoute route in groups.OrderBy(group => group.Created).SelectMany(group => group.Routes))
        {
            table.Add(route);
            isRouted = true;
        }

        // A catch-all of the first VirtualService hides the others: legal, and seldom meant (Q4).
        foreach (RoutingObject source in applicable)
        {
            if (hidesOthers is not null && _virtual.Http(source, port.Number).Count > 0)
            {
                problems.Add(source, RoutingProblem.NoEffect, $"the routes for {service.Hostname}:{port.Number} are never reached: {hidesOthers} has one that matches everything");
            }

            hidesOthers ??= _virtual.Http(source, port.Number).Any(route => route.IsCatchAll) ? source : null;
        }

        if (!isRouted)
        {
            HttpAction toItself = new() { Retry = RetryDefaults.Of(scope.Defaults), Targets = { Itself(service, port) } };
            table.Add(new CandidateRoute("default", new HttpMatch(), toItself));
        }
    }

    private void Tcp(RoutedService service, RoutedPort port, RoutingObject[] applicable, PortRoutes compiled)
    {
        List<TcpRoute> plain = [];
        foreach (RoutingObject source in applicable)
        {
            (IReadOnlyList<TcpRoute> tls, IReadOnlyList<TcpRoute> tcp) = _virtual.Connections(source, service, port.Number);
            compiled.Tcp.AddRange(tls);
            plain.AddRange(tcp);
        }

        compiled.Tcp.AddRange(_gateway.Connections(service, port, "TLSRoute"));
        compiled.Tcp.AddRange(plain);
        compiled.Tcp.AddRange(_gateway.Connections(service, port, "TCPRoute"));

        // Rules for server names leave those connections over that have another; without any rule the service itself is meant.
        if (compiled.Tcp.All(route => route.ServerNames.Count > 0))
        {
            compiled.Tcp.Add(new TcpRoute { Name = "default", Targets = { Itself(service, port) } });
        }
    }

    private static WeightedTarget Itself(RoutedService service, RoutedPort port) =>
        new() { Weight = 1, Destination = service.At(port.Number) };
}
