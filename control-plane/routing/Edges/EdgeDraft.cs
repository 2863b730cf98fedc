using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Services;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>The ports of a gateway while they are made. Not thread-safe.</summary>
/// <param name="namespace">Of the gateway, and so of its routes.</param>
/// <param name="problems">What is to be said about routes.</param>
internal sealed class EdgeDraft(string @namespace, ProblemList problems)
{
    /// <summary>Ports by what pods listen on.</summary>
    public SortedDictionary<uint, EdgePort> Ports { get; } = [];

    /// <summary>Routes.</summary>
    public List<ServiceRoutes> Routes { get; } = [];

    /// <summary>The port of a number, when it is of that protocol or new; null when it is of another.</summary>
    public EdgePort? Port(ushort number, EdgeProtocol protocol)
    {
        if (!Ports.TryGetValue(number, out EdgePort? port))
        {
            Ports[number] = port = new EdgePort { Port = number, Protocol = protocol, Namespace = @namespace };
        }

        return port.Protocol == protocol ? port : null;
    }

    /// <summary>Adds requests' routes of a host to a listener; gRPC-Web among them is translated where that was said.</summary>
    public void Host(EdgePort port, EdgeListener listener, string host, IEnumerable<CandidateRoute> routes, bool isGrpcWeb = false)
    {
        PortRoutes table = new() { Port = port.Port, Protocol = PortProtocol.Http, GrpcWeb = isGrpcWeb };
        RouteTable collected = new(table, problems);
        foreach (CandidateRoute route in routes)
        {
            collected.Add(route);
        }

        string name = $"edge:{port.Port}:{listener.Name}:{host}";
        listener.Hosts.Add(new EdgeHost { Hostname = host, Routes = name });
        Routes.Add(new ServiceRoutes { Namespace = @namespace, Hostname = name, Ports = { table } });
    }

    /// <summary>Sets the routes of a listener's connections.</summary>
    public void Connections(EdgePort port, EdgeListener listener, IEnumerable<TcpRoute> routes)
    {
        listener.Connections = $"edge:{port.Port}:{listener.Name}";
        Routes.Add(new ServiceRoutes { Namespace = @namespace, Hostname = listener.Connections, Ports = { new PortRoutes { Port = port.Port, Protocol = PortProtocol.Tcp, Tcp = { routes } } } });
    }
}
