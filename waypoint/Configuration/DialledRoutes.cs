using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Waypoint.Limits;

namespace Ambient.Waypoint.Configuration;

/// <summary>What becomes of connections to workloads by their own addresses: sniffed on every port, and forwarded where they wanted to go (waypoint reference 1.2). Stateless.</summary>
internal static class DialledRoutes
{
    private static readonly string[] Retried = ["connect-failure", "refused-stream", "unavailable", "cancelled"];

    private static PortTable Table { get; } = Compile();

    /// <summary>That with these policies and tokens, which are those of the whole waypoint.</summary>
    public static ServedPort Serve(IReadOnlyList<string> domains, IReadOnlyList<AccessPolicy> policies, IEnumerable<TokenPolicy> tokens, LimitProgram? limits = null, Action<string>? problem = null) => new(
        Table,
        new AccessProgram(policies, new AccessContext(domains, IsHttp: true), problem),
        new AccessProgram(policies, new AccessContext(domains, IsHttp: false)),
        new TokenProgram(tokens, problem))
    {
        Limits = limits ?? LimitProgram.Empty,
    };

    private static PortTable Compile()
    {
        WeightedTarget target = new() { Weight = 1, Destination = new Destination { Original = true, ClientProtocol = true } };
        PortRoutes routes = new()
        {
            // Of all ports; the table needs one.
            Port = 1,
            Protocol = PortProtocol.Detect,
            Http = { new HttpRoute { Name = "default", Match = new HttpMatch() } },
            HttpActions = { new HttpAction { Targets = { target }, Retry = new RetryPolicy { Attempts = 2, Conditions = { Retried } } } },
            Tcp = { new TcpRoute { Name = "default", Targets = { target } } },
        };
        return PortTable.TryCompile(routes, out PortTable? table, out string? error) ? table : throw new InvalidOperationException(error);
    }
}
