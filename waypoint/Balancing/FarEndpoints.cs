using System.Globalization;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>
/// Endpoints of a service on other networks (waypoint reference 1.6). Who is behind a gateway is the gateway's choice, so each instance of a gateway is one endpoint, with the weight of all who are
/// behind it and at the same place. For one use.
/// </summary>
/// <param name="view">The mesh.</param>
/// <param name="network">The own network; null: nobody tunnels to others, and who is there has no endpoint here.</param>
internal sealed class FarEndpoints(MeshView view, string? network)
{
    private readonly Dictionary<(EndpointKey Key, Locality Place), (Workload First, double Weight)> _found = [];

    /// <summary>What was found, with weights.</summary>
    public IEnumerable<(EndpointKey Key, Workload Workload, double Weight)> All => _found.Select(static found => (found.Key.Key, found.Value.First, found.Value.Weight));

    /// <summary>Whether a workload is behind the gateway of another network: it is never dialled by its own address, which somebody else may have here.</summary>
    public bool Takes(Workload workload) => network is not null && workload.NetworkGateway is not null && workload.Network != network;

    /// <summary>Adds one that is.</summary>
    /// <param name="workload">It.</param>
    /// <param name="service">What is asked for.</param>
    /// <param name="port">The same.</param>
    /// <param name="members">Who may answer.</param>
    /// <param name="weight">Its share.</param>
    /// <param name="isWaypoint">Whether it is the service's waypoint.</param>
    public void Add(Workload workload, Service service, ushort port, IdentitySet members, double weight, bool isWaypoint = false)
    {
        // A gateway hands on to those alone who prove who they are.
        if (workload.NetworkGateway is not { } reference || workload.Protocol != TunnelProtocol.Hbone)
        {
            return;
        }

        string authority = string.Create(CultureInfo.InvariantCulture, $"{service.Hostname}:{port}");
        GatewayInstance[] gateways = [.. NetworkGateways.Of(view, reference)];
        foreach (GatewayInstance gateway in gateways)
        {
            EndpointKey key = new(gateway.Dial, gateway.Workload.Identity) { Far = new FarSide(authority, gateway.Identities, members, isWaypoint) };
            (Workload First, double Weight) sum = _found.GetValueOrDefault((key, workload.Locality), (workload, 0));
            _found[(key, workload.Locality)] = (sum.First, sum.Weight + (weight / gateways.Length));
        }
    }
}
