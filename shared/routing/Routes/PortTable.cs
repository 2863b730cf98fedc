using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Routes;

/// <summary>What happens on one port of one service. Immutable.</summary>
public sealed class PortTable
{
    private readonly RouteIndex _index;
    private readonly TcpRule[] _tcp;
    private readonly string _pattern;

    private PortTable(PortRoutes source, Route[] routes, TcpRule[] tcp)
    {
        Port = (ushort)source.Port;
        Protocol = source.Protocol;
        IsGrpcWeb = source.GrpcWeb;
        Routes = routes;
        _index = new RouteIndex(routes);
        _tcp = tcp;
        _pattern = source.HostPattern;
    }

    /// <summary>Whether it is for requests and connections alone that ask for a host of their own.</summary>
    public bool IsByHost => _pattern.Length > 0;

    /// <summary>The service's port.</summary>
    public ushort Port { get; }

    /// <summary>What its bytes are.</summary>
    public PortProtocol Protocol { get; }

    /// <summary>Whether gRPC-Web is translated.</summary>
    public bool IsGrpcWeb { get; }

    /// <summary>All HTTP routes, in their order.</summary>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>All rules for connections, in their order.</summary>
    public IReadOnlyList<TcpRule> TcpRoutes => _tcp;

    /// <summary>Compiles a port; false with what is wrong about it, and with which route.</summary>
    public static bool TryCompile(PortRoutes source, [NotNullWhen(true)] out PortTable? table, [NotNullWhen(false)] out string? error)
    {
        table = null;
        if (source.Port is 0 or > 65535)
        {
            error = $"{source.Port} is no port";
            return false;
        }

        RouteAction[] actions = new RouteAction[source.HttpActions.Count];
        for (int i = 0; i < actions.Length; i++)
        {
            if (!RouteAction.TryCompile(source.HttpActions[i], out actions[i]!, out error))
            {
                error = $"port {source.Port}, action {i}: {error}";
                return false;
            }
        }

        Route[] routes = new Route[source.Http.Count];
        for (int i = 0; i < routes.Length; i++)
        {
            HttpRoute route = source.Http[i];
            if (route.Action >= actions.Length)
            {
                error = $"port {source.Port}, route {i} '{route.Name}': there is no action {route.Action}";
                return false;
            }

            if (!RouteMatch.TryCompile(route.Match ?? new HttpMatch(), out RouteMatch? match, out error))
            {
                error = $"port {source.Port}, route {i} '{route.Name}': {error}";
                return false;
            }

            routes[i] = new Route(route.Name, match, actions[route.Action]);
        }

        table = new PortTable(source, routes, [.. source.Tcp.Select(rule => new TcpRule(rule))]);
        error = null;
        return true;
    }

    /// <summary>The first route that matches a request; null when none does.</summary>
    public Route? Find(RequestFacts facts) => IsByHost && !Covers(HostOf(facts.Head is { } head ? head.Authority : "")) ? null : _index.Find(facts);

    /// <summary>The same, and what it cost.</summary>
    internal Route? Find<TCount>(RequestFacts facts, ref TCount count)
        where TCount : struct, IStepCount => _index.Find(facts, ref count);

    /// <summary>The first rule for a connection; an empty name is one without TLS or without SNI.</summary>
    public TcpRule? FindTcp(string serverName)
    {
        if (IsByHost && !Covers(serverName))
        {
            return null;
        }

        foreach (TcpRule rule in _tcp)
        {
            if (rule.Matches(serverName))
            {
                return rule;
            }
        }

        return null;
    }

    // Without the port, which is no part of the name. A final dot would be: policies and routes by host compare names without one, so it is not taken off here alone.
    private static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> authority)
    {
        int colon = authority.IndexOf(':');
        return colon < 0 ? authority : authority[..colon];
    }

    private bool Covers(ReadOnlySpan<char> host) => _pattern.StartsWith("*.", StringComparison.Ordinal)
        ? host.Length >= _pattern.Length && host.EndsWith(_pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
        : host.Equals(_pattern, StringComparison.OrdinalIgnoreCase);
}
