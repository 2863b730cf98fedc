using System.Globalization;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Decides what becomes of a CONNECT, before policies (ztunnel.md 3.8 to 3.10). Pure.</summary>
public static class InboundResolver
{
    private const string RecursiveCall = "attempted recursive call to ourselves";

    /// <summary>The decision for one CONNECT.</summary>
    public static InboundTarget Resolve(MeshView view, in InboundQuery query)
    {
        if (!ConnectTarget.TryParse(query.Authority, out ConnectTarget? asked))
        {
            return new InboundRefuse(400, CloseReason.BadAuthority, "the authority is not host:port");
        }

        if (query.Local is not Workload local)
        {
            return new InboundRefuse(503, CloseReason.UnknownSource, UnknownLocal(query.LocalName));
        }

        Service? named = null;
        ushort port;
        if (asked.Address is IpAddress address)
        {
            port = asked.Port;
            if (CheckAddress(view, query, local, address) is InboundTarget refusal)
            {
                return refusal;
            }
        }
        else
        {
            named = view.ChooseServiceByHost(asked.Hostname, local.Namespace);
            if (named is null)
            {
                return new InboundRefuse(503, CloseReason.UnknownHost, $"no service or workload for hostname: {asked.Hostname}");
            }

            if (!TryMapPort(named, local, asked.Port, out port))
            {
                return new InboundRefuse(503, CloseReason.UnknownPort, $"requested service {asked.Hostname}:{asked.Port} found, but cannot resolve port");
            }
        }

        return (query.IllegalPorts ?? IllegalPorts.Default).Contains(port)
            ? new InboundRefuse(503, CloseReason.SelfCall, RecursiveCall)
            : Accept(view, query, local, asked, named, port);
    }

    /// <summary>Why a plain connection on port 15006 is refused before policies (ztunnel.md 3.11); null when it isn't.</summary>
    public static InboundRefuse? RefusePassthrough(Workload? local, in LocalWorkload localName, IpPort destination, IllegalPorts? illegalPorts) =>
        (illegalPorts ?? IllegalPorts.Default).Contains(destination.Port) ? new InboundRefuse(503, CloseReason.SelfCall, RecursiveCall)
        : local is null ? new InboundRefuse(503, CloseReason.UnknownSource, UnknownLocal(localName))
        : null;

    private static string UnknownLocal(in LocalWorkload local) => $"failed to fetch information about local workload: {local}";

    /// <summary>Rows 3 to 6: an address must be the pod's own, or one that the pod serves for others.</summary>
    private static InboundTarget? CheckAddress(MeshView view, in InboundQuery query, Workload local, IpAddress asked)
    {
        if (asked == query.Connection || local.ApplicationTunnel is not null)
        {
            return null;
        }

        NetworkAddress address = new(query.OwnNetwork, asked);
        Workload? workload = view.FindWorkload(address);
        Service? service = workload is null ? view.FindService(address, clientNamespace: null) : null;
        if (workload is null && service is null && query.AskedResources is not null && !query.AskedResources.Contains(address.ToString()))
        {
            return new InboundNeedsResource(address.ToString());
        }

        if (IsWaypoint(view, workload?.Waypoint ?? service?.Waypoint, local, query.Connection))
        {
            return null;
        }

        // Any of several weighted waypoints may be the one that was chosen (ztunnel.md 14, no. 39).
        foreach (WeightedWaypoint waypoint in service?.WeightedWaypoints ?? [])
        {
            if (IsWaypoint(view, waypoint.Destination, local, query.Connection))
            {
                return null;
            }
        }

        return new InboundRefuse(400, CloseReason.IpMismatch, $"ip mismatch: {query.Connection} != {asked}");
    }

    /// <summary>Whether the reference leads to the local workload: as endpoint of a Service, or as owner of the connection's address.</summary>
    private static bool IsWaypoint(MeshView view, GatewayAddress? reference, Workload local, IpAddress connection)
    {
        if (reference is null)
        {
            return false;
        }

        Service? service = reference.IsByHostname ? view.FindService(reference.Hostname) : view.FindService(reference.Address, clientNamespace: null);
        if (service is not null)
        {
            return service.HasEndpoint(local);
        }

        Workload? workload = reference.IsByHostname ? view.FindWorkloadByHost(reference.Hostname) : view.FindWorkload(reference.Address);
        return workload is not null && workload.Owns(connection);
    }

    private static bool TryMapPort(Service service, Workload local, ushort servicePort, out ushort port)
    {
        if (service.PortsOf(local).TryGet(servicePort, out port) && port != 0)
        {
            return true;
        }

        return service.Ports.TryGet(servicePort, out port) && port != 0;
    }

    private static InboundTarget Accept(MeshView view, in InboundQuery query, Workload local, ConnectTarget asked, Service? named, ushort port)
    {
        IpPort? header = null;
        bool loopback = false;
        if (local.ApplicationTunnel is ApplicationTunnel tunnel)
        {
            port = tunnel.Port != 0 ? tunnel.Port : port;
            if (tunnel.Protocol == ApplicationTunnelProtocol.Proxy)
            {
                header = asked.Address is IpAddress numeric ? new IpPort(numeric, asked.Port) : VipOf(named!, query.OwnNetwork, asked.Port);
                loopback = query.LoopbackApplicationTunnel;
                if (header is null)
                {
                    return new InboundRefuse(503, CloseReason.UnknownPort, string.Create(CultureInfo.InvariantCulture, $"service {asked.Hostname}:{asked.Port} has no address for the PROXY protocol"));
                }
            }
        }

        IpPort policy = new(query.Connection, port);
        IpPort connect = !loopback ? policy : new IpPort(query.Connection.IsIPv4 ? IpAddress.LoopbackV4 : IpAddress.LoopbackV6, port);
        Service? service = ServiceAttribution.Find(view, local, query.ForwardedHost ?? named?.Hostname, port);
        return new InboundAccept(connect, policy, loopback, header, service);
    }

    /// <summary>An address of the Service: on the own network before others, IPv4 before IPv6.</summary>
    private static IpPort? VipOf(Service service, string ownNetwork, ushort port)
    {
        IpPort? best = null;
        int bestRank = -1;
        foreach (NetworkAddress vip in service.Vips)
        {
            int rank = (vip.Network == ownNetwork ? 2 : 0) + (vip.Address.IsIPv4 ? 1 : 0);
            if (rank > bestRank)
            {
                (best, bestRank) = (new IpPort(vip.Address, port), rank);
            }
        }

        return best;
    }
}
