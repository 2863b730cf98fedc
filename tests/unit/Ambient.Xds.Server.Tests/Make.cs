using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;
using Address = Ambient.Protocol.Istio.Workload.Address;

namespace Ambient.Xds.Server.Tests;

/// <summary>Resources and stores.</summary>
internal static class Make
{
    public const string AddressType = "type.googleapis.com/istio.workload.Address";
    public const string PolicyType = "type.googleapis.com/istio.security.Authorization";

    public static ResourceStore Store(int tombstones = ResourceStore.DefaultTombstones) => new([PolicyType, AddressType], tombstones);

    /// <summary>A workload with an address, perhaps member of services, on a node.</summary>
    public static ResourceChange Workload(string uid, byte last, string node = "", params string[] services)
    {
        var workload = new Workload { Uid = uid, Name = uid, Namespace = "ns", Node = node, Addresses = { ByteString.CopyFrom(10, 0, 0, last) } };
        foreach (string service in services)
        {
            workload.Services[service] = new PortList { Ports = { new Port { ServicePort = 80, TargetPort = 8080 } } };
        }

        return new ResourceChange(AddressType, uid, new ResourceContent { Message = new Address { Workload = workload }, Aliases = [$"/10.0.0.{last}"], Groups = services, Node = node });
    }

    public static ResourceChange Service(string host, byte last, uint port = 80)
    {
        var service = new Service
        {
            Name = host,
            Namespace = "ns",
            Hostname = host,
            Addresses = { new NetworkAddress { Address = ByteString.CopyFrom(10, 1, 0, last) } },
            Ports = { new Port { ServicePort = port, TargetPort = 8080 } },
        };
        return new ResourceChange(AddressType, "ns/" + host, new ResourceContent { Message = new Address { Service = service }, Aliases = [$"/10.1.0.{last}"], IsGroup = true });
    }

    public static ResourceChange Policy(string name, uint port = 80)
    {
        var policy = new Authorization
        {
            Name = name,
            Namespace = "ns",
            Action = Protocol.Istio.Security.Action.Deny,
            Rules = { new Rule { Clauses = { new Clause { Matches = { new Match { DestinationPorts = { port } } } } } } },
        };
        return new ResourceChange(PolicyType, "ns/" + name, new ResourceContent { Message = policy });
    }

    public static ResourceChange NoAddress(string name) => new(AddressType, name, null);

    public static ResourceChange NoPolicy(string name) => new(PolicyType, "ns/" + name, null);
}
