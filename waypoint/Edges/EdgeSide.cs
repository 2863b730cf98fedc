using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Edges;

/// <summary>What a connection from outside the mesh came in by. Loop-affine.</summary>
/// <param name="port">The port.</param>
/// <param name="listener">The listener that its hello chose; null: each request chooses.</param>
internal sealed class EdgeSide(ushort port, EdgeListenerTable? listener)
{
    private readonly string _met = listener?.Tls?.Demands ?? "";
    private EdgeListenerTable? _listener = listener;

    /// <summary>Whether it came by TLS that ended here; that stays so, whatever becomes of the listener.</summary>
    public bool IsTls { get; } = listener?.Tls is not null;

    /// <summary>The certificate that the client has shown, which its listener's authorities have signed; null when there is none.</summary>
    public ClientCertificate? Client { get; init; }

    /// <summary>A port that serves nobody: requests are answered 404, connections end.</summary>
    public static ServedPort Nothing(PortProtocol protocol) => new(TableOf(protocol), new AccessProgram([], new AccessContext([], IsHttp: true)), new AccessProgram([], new AccessContext([], IsHttp: false)), new TokenProgram([]));

    /// <summary>The routes for a request; null when nobody knows its host.</summary>
    public ServedPort? Find(WaypointConfiguration now, string authority)
    {
        if (!now.Edges.TryGetValue(port, out EdgePortTable? table))
        {
            return null;
        }

        if (_listener is not null)
        {
            // A hello's choice stays, what that listener says is as of now.
            _listener = Current(table, _listener);
            return IsOfAnother(table, _listener, authority) ? null : _listener.Find(now, authority);
        }

        return table.Listeners.Find(HostTable<EdgeListenerTable>.HostOf(authority)) is { Broken: null } chosen ? chosen.Find(now, authority) : null;
    }

    /// <summary>The routes of a connection without HTTP, as of now; null when there are none any more.</summary>
    public ServedPort? FindConnections(WaypointConfiguration now) =>
        _listener is not null && now.Edges.TryGetValue(port, out EdgePortTable? table) && Current(table, _listener).Connections is { } connections ? now.Find(connections, port) : null;

    /// <summary>Whether the listener demands something of clients by now that this one has not been asked for. A listener that is broken demands nothing new.</summary>
    public bool IsOutdated(WaypointConfiguration now) =>
        _listener is not null && now.Edges.TryGetValue(port, out EdgePortTable? table) && Current(table, _listener).Tls is { Demands: { Length: > 0 } demands } && demands != _met;

    /// <summary>
    /// Whether the host of a request is that of another listener than its connection came in by: what that one demands of clients was not asked (RFC 9110 section 15.5.20). A client may try again
    /// with another connection.
    /// </summary>
    public bool IsMisdirected(WaypointConfiguration now, string authority) =>
        _listener is not null && now.Edges.TryGetValue(port, out EdgePortTable? table) && IsOfAnother(table, Current(table, _listener), authority);

    private static EdgeListenerTable Current(EdgePortTable table, EdgeListenerTable listener) => table.All.FirstOrDefault(candidate => candidate.Name == listener.Name) ?? listener;

    private static bool IsOfAnother(EdgePortTable table, EdgeListenerTable listener, string authority) =>
        table.Listeners.Find(HostTable<EdgeListenerTable>.HostOf(authority)) is { } owner && !ReferenceEquals(owner, listener);

    private static PortTable TableOf(PortProtocol protocol) =>
        PortTable.TryCompile(new PortRoutes { Port = 1, Protocol = protocol }, out PortTable? table, out string? error) ? table : throw new InvalidOperationException(error);
}
