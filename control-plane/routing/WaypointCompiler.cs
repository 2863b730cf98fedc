using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Services;
using Ambient.ControlPlane.Routing.Telemetry;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing;

/// <summary>Everything a waypoint needs to know, from the objects that users write. A pure function.</summary>
public static class WaypointCompiler
{
    /// <summary>Compiles the configuration of one waypoint. What is not in force as written is among the problems.</summary>
    public static CompiledWaypoint Compile(WaypointScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ProblemList problems = new();
        Hosts hosts = new(scope);
        ServiceCompiler services = new(scope, hosts, problems);
        DestinationCompiler destinations = new(scope, hosts, problems);
        ServiceRoutes[] routes = [.. scope.Served.Select(services.Compile)];
        AccessPolicy[] policies = [.. new AccessCompiler(scope, problems).Compile()];
        IReadOnlyList<Authorizer> authorizers = new AuthorizerCompiler(scope, hosts, problems).Compile(policies);
        return new CompiledWaypoint
        {
            Routes = routes,
            Destinations = [.. Reached(scope, routes, authorizers).Select(destinations.Compile).OfType<DestinationSettings>()],
            Policies = policies,
            Authorizers = authorizers,
            Tokens = [.. new TokenCompiler(scope, problems).Compile()],
            Limits = [.. new LimitCompiler(scope, problems).Compile()],
            Telemetry = new TelemetryCompiler(scope, problems).Compile(),
            Problems = problems.All,
        };
    }

    /// <summary>The routes of one service that it serves.</summary>
    public static CompiledPart<ServiceRoutes> Routes(WaypointScope scope, RoutedService service)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(service);
        ProblemList problems = new();
        ServiceRoutes routes = new ServiceCompiler(scope, new Hosts(scope), problems).Compile(service);
        return new CompiledPart<ServiceRoutes>(routes, problems.All, problems.Used);
    }

    /// <summary>How one service is reached; nothing when nobody says anything about it.</summary>
    public static CompiledPart<DestinationSettings> Destination(WaypointScope scope, RoutedService service)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(service);
        ProblemList problems = new();
        return new CompiledPart<DestinationSettings>(new DestinationCompiler(scope, new Hosts(scope), problems).Compile(service), problems.All, problems.Used);
    }

    /// <summary>The only policy of a scope; nothing when it is none of this waypoint's business.</summary>
    public static CompiledPart<AccessPolicy> Access(WaypointScope scope)
    {
        ProblemList problems = new();
        return new CompiledPart<AccessPolicy>(new AccessCompiler(scope, problems).Compile().FirstOrDefault(), problems.All, problems.Used);
    }

    /// <summary>The only RequestAuthentication of a scope; nothing when it is none of this waypoint's business.</summary>
    public static CompiledPart<TokenPolicy> Tokens(WaypointScope scope)
    {
        ProblemList problems = new();
        return new CompiledPart<TokenPolicy>(new TokenCompiler(scope, problems).Compile().FirstOrDefault(), problems.All, problems.Used);
    }

    /// <summary>The only LocalRateLimit of a scope; nothing when it is none of this waypoint's business, or none of its rules makes sense.</summary>
    public static CompiledPart<LimitPolicy> Limits(WaypointScope scope)
    {
        ProblemList problems = new();
        return new CompiledPart<LimitPolicy>(new LimitCompiler(scope, problems).Compile().FirstOrDefault(), problems.All, problems.Used);
    }

    /// <summary>Those whom CUSTOM policies of a waypoint want asked.</summary>
    public static CompiledPart<IReadOnlyList<Authorizer>> Authorizers(WaypointScope scope, IReadOnlyCollection<AccessPolicy> policies)
    {
        ProblemList problems = new();
        return new CompiledPart<IReadOnlyList<Authorizer>>(new AuthorizerCompiler(scope, new Hosts(scope), problems).Compile(policies), problems.All, problems.Used);
    }

    /// <summary>What is measured, logged and traced; nothing when nobody said anything.</summary>
    public static CompiledPart<TelemetrySettings> Telemetry(WaypointScope scope)
    {
        ProblemList problems = new();
        return new CompiledPart<TelemetrySettings>(new TelemetryCompiler(scope, problems).Compile(), problems.All, problems.Used);
    }

    /// <summary>The services of authorisers.</summary>
    public static IEnumerable<(string Namespace, string Hostname)> Targets(IEnumerable<Authorizer> authorizers) =>
        authorizers.Select(authorizer => authorizer.Service).OfType<Destination>().Select(service => (service.Namespace, service.Hostname)).Distinct();

    /// <summary>The services that routes lead to.</summary>
    public static IEnumerable<(string Namespace, string Hostname)> Targets(ServiceRoutes routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        return routes.Ports.SelectMany(port => port.HttpActions.SelectMany(action => action.Targets.Select(target => target.Destination).Concat(action.Mirrors.Select(mirror => mirror.Destination)))
                .Concat(port.Tcp.SelectMany(rule => rule.Targets.Select(target => target.Destination))))
            .OfType<Destination>()
            .Select(destination => (destination.Namespace, destination.Hostname))
            .Distinct();
    }

    private static IEnumerable<RoutedService> Reached(WaypointScope scope, ServiceRoutes[] routes, IReadOnlyList<Authorizer> authorizers)
    {
        HashSet<(string Namespace, string Hostname)> named = [.. scope.Served.Select(service => (service.Namespace, service.Hostname)), .. routes.SelectMany(Targets)];
        named.UnionWith(Targets(authorizers));
        return scope.Visible.Where(service => named.Contains((service.Namespace, service.Hostname)));
    }
}
