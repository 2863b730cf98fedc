using Ambient.Mesh.Services;
using Ambient.Routing.Access;
using Ambient.Routing.Routes;
using Ambient.Routing.Tokens;
using Ambient.Waypoint.Limits;

namespace Ambient.Waypoint.Configuration;

/// <summary>One port of one service that this waypoint serves: routes and policies, compiled. Immutable.</summary>
/// <param name="Table">Its routes.</param>
/// <param name="Http">Its policies for requests.</param>
/// <param name="Tcp">Its policies for connections without HTTP.</param>
/// <param name="Tokens">Whose tokens count.</param>
internal sealed record ServedPort(PortTable Table, AccessProgram Http, AccessProgram Tcp, TokenProgram Tokens)
{
    /// <summary>How many of its requests may pass.</summary>
    public LimitProgram Limits { get; init; } = LimitProgram.Empty;

    /// <summary>Whose port it is.</summary>
    public NamespacedHostname Service { get; init; } = new("", "");
}
