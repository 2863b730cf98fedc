using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;
using Address = Ambient.Protocol.Istio.Workload.Address;

namespace Ambient.Xds.Tests;

/// <summary>Resources as a control plane sends them.</summary>
internal static class Wire
{
    public static Address Workload(string uid, params byte[] ip)
    {
        var workload = new Workload { Uid = uid, Name = uid, Namespace = "ns", TunnelProtocol = TunnelProtocol.Hbone };
        if (ip.Length > 0)
        {
            workload.Addresses.Add(ByteString.CopyFrom(ip));
        }

        return new Address { Workload = workload };
    }

    public static Address Service(string host, params byte[] ip) => new()
    {
        Service = new Service
        {
            Name = host,
            Namespace = "ns",
            Hostname = host,
            Addresses = { new NetworkAddress { Address = ByteString.CopyFrom(ip) } },
            Ports = { new Port { ServicePort = 80, TargetPort = 8080 } },
        },
    };

    public static Authorization Deny(string name, uint port) => new()
    {
        Name = name,
        Namespace = "ns",
        Action = Protocol.Istio.Security.Action.Deny,
        Rules = { new Rule { Clauses = { new Clause { Matches = { new Match { DestinationPorts = { port } } } } } } },
    };
}
