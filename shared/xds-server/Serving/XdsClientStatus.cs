using Ambient.Mesh.Identities;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Serving;

/// <summary>A connected client, for status and operators. Immutable.</summary>
/// <param name="Id">Its node id.</param>
/// <param name="Node">The Kubernetes node that it runs on, as it says.</param>
/// <param name="Peer">Its address.</param>
/// <param name="Connected">Since when.</param>
/// <param name="Types">How far it is in each type.</param>
public sealed record XdsClientStatus(string Id, string Node, string Peer, DateTimeOffset Connected, IReadOnlyList<XdsTypeStatus> Types)
{
    /// <summary>Who it has shown to be.</summary>
    public IReadOnlyList<SpiffeId> Identities { get; init; } = [];
}
