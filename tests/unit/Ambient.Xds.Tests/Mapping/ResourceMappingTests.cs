using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using WireAddress = Ambient.Protocol.Istio.Workload.Address;
using WireService = Ambient.Protocol.Istio.Workload.Service;
using WireWorkload = Ambient.Protocol.Istio.Workload.Workload;

namespace Ambient.Xds.Tests.Mapping;

public sealed class ResourceMappingTests
{
    public static TheoryData<string, WireWorkload, string> BadWorkloads => new()
    {
        { "legacy tunnel", new WireWorkload { TunnelProtocol = Protocol.Istio.Workload.TunnelProtocol.LegacyIstioMtls }, "tunnel_protocol" },
        { "unknown tunnel", new WireWorkload { TunnelProtocol = (Protocol.Istio.Workload.TunnelProtocol)9 }, "tunnel_protocol" },
        { "network mode", new WireWorkload { NetworkMode = (Protocol.Istio.Workload.NetworkMode)9 }, "network_mode" },
        { "status", new WireWorkload { Status = (Protocol.Istio.Workload.WorkloadStatus)9 }, "status" },
        { "application tunnel", new WireWorkload { ApplicationTunnel = new Protocol.Istio.Workload.ApplicationTunnel { Protocol = (Protocol.Istio.Workload.ApplicationTunnel.Types.Protocol)9 } }, "application_tunnel" },
        { "gateway without destination", new WireWorkload { Waypoint = new Protocol.Istio.Workload.GatewayAddress { HboneMtlsPort = 15008 } }, "waypoint" },
        { "network gateway without destination", new WireWorkload { NetworkGateway = new Protocol.Istio.Workload.GatewayAddress() }, "network_gateway" },
        { "service key", new WireWorkload { Services = { ["nohost"] = new PortList() } }, "services: 'nohost'" },
        { "gateway address", new WireWorkload { Waypoint = new Protocol.Istio.Workload.GatewayAddress { Address = new Protocol.Istio.Workload.NetworkAddress { Address = ByteString.CopyFrom(1) } } }, "waypoint.address" },
    };

    public static TheoryData<string, WireService, string> BadServices => new()
    {
        { "scope", new WireService { LoadBalancing = new Protocol.Istio.Workload.LoadBalancing { RoutingPreference = { Protocol.Istio.Workload.LoadBalancing.Types.Scope.UnspecifiedScope } } }, "routing_preference" },
        { "unknown scope", new WireService { LoadBalancing = new Protocol.Istio.Workload.LoadBalancing { RoutingPreference = { (Protocol.Istio.Workload.LoadBalancing.Types.Scope)9 } } }, "routing_preference" },
        { "mode", new WireService { LoadBalancing = new Protocol.Istio.Workload.LoadBalancing { Mode = (Protocol.Istio.Workload.LoadBalancing.Types.Mode)9 } }, "mode" },
        { "health policy", new WireService { LoadBalancing = new Protocol.Istio.Workload.LoadBalancing { HealthPolicy = (Protocol.Istio.Workload.LoadBalancing.Types.HealthPolicy)9 } }, "health_policy" },
        { "families", new WireService { IpFamilies = (IPFamilies)9 }, "ip_families" },
        { "long prefix", new WireService { Addresses = { new Protocol.Istio.Workload.NetworkAddress { Address = ByteString.CopyFrom(1, 2, 3, 4), Length = 33 } } }, "length 33" },
        { "waypoint", new WireService { WeightedWaypoints = { new Protocol.Istio.Workload.WeightedWaypoint { Weight = 1 } } }, "weighted_waypoints" },
    };

    [Theory]
    [Trait("behaviour", "ZT-82")]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "0.0.0.0")]
    [InlineData(new byte[] { 10, 1, 2, 3 }, "10.1.2.3")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, "::1")]
    [InlineData(new byte[] { 1 }, null)]
    [InlineData(new byte[] { 1, 2, 3, 4, 5 }, null)]
    public void AddressBytes(byte[] bytes, string? expected)
    {
        bool accepted = TryAdd(Wire.Workload("w", bytes), out MeshBatch batch, out string? error);

        Assert.Equal(expected is not null, accepted);
        Assert.Equal(expected, accepted ? Assert.Single(Assert.Single(batch.Workloads).Addresses).ToString() : null);
        Assert.Equal(!accepted, error is not null);
    }

    [Fact]
    [Trait("behaviour", "ZT-82")]
    public void EmptyAddressBytes_AreRejected() =>
        Assert.False(TryAdd(new WireAddress { Workload = new WireWorkload { Addresses = { ByteString.Empty } } }, out _, out _));

    [Theory]
    [MemberData(nameof(BadWorkloads))]
    public void BadWorkload_IsRejected_NamingTheField(string name, WireWorkload workload, string field)
    {
        Assert.False(TryAdd(new WireAddress { Workload = workload }, out MeshBatch batch, out string? error), name);
        Assert.Contains(field, error, StringComparison.Ordinal);
        Assert.Empty(batch.Workloads);
    }

    [Theory]
    [MemberData(nameof(BadServices))]
    public void BadService_IsRejected_NamingTheField(string name, WireService service, string field)
    {
        Assert.False(TryAdd(new WireAddress { Service = service }, out MeshBatch batch, out string? error), name);
        Assert.Contains(field, error, StringComparison.Ordinal);
        Assert.Empty(batch.Services);
    }

    [Fact]
    public void AddressWithoutMember_IsRejected()
    {
        Assert.False(TryAdd(new WireAddress(), out _, out string? error));
        Assert.Equal("unknown address type", error);
    }

    [Fact]
    public void Defaults_AreFilled()
    {
        Assert.True(TryAdd(new WireAddress { Workload = new WireWorkload { Namespace = "n", WorkloadType = (Protocol.Istio.Workload.WorkloadType)77 } }, out MeshBatch batch, out _));

        Mesh.Workloads.Workload workload = Assert.Single(batch.Workloads);
        Assert.Equal(("cluster.local", "default", "Kubernetes", 1u), (workload.TrustDomain, workload.ServiceAccount, workload.ClusterId, workload.Capacity));
        Assert.Equal(Mesh.Workloads.WorkloadType.Deployment, workload.Type);
    }

    [Fact]
    public void EveryFieldOfAWorkload_Arrives()
    {
        var wire = new WireWorkload
        {
            Name = "n",
            Namespace = "ns",
            Network = "net",
            TunnelProtocol = Protocol.Istio.Workload.TunnelProtocol.Hbone,
            TrustDomain = "td",
            ServiceAccount = "sa",
            Waypoint = new Protocol.Istio.Workload.GatewayAddress { Hostname = new Protocol.Istio.Workload.NamespacedHostname { Namespace = "g", Hostname = "w" }, HboneMtlsPort = 15008 + 65536 },
            NetworkGateway = new Protocol.Istio.Workload.GatewayAddress { Address = new Protocol.Istio.Workload.NetworkAddress { Network = "r", Address = ByteString.CopyFrom(9, 9, 9, 9) }, HboneMtlsPort = 15009 },
            Node = "node",
            CanonicalName = "cn",
            CanonicalRevision = "cr",
            WorkloadType = Protocol.Istio.Workload.WorkloadType.Pod,
            WorkloadName = "wn",
            NativeTunnel = true,
            AuthorizationPolicies = { "a/b" },
            Status = Protocol.Istio.Workload.WorkloadStatus.Unhealthy,
            ClusterId = "c",
            Uid = "c//Pod/ns/n",
            Hostname = "h",
            Services = { ["ns/h"] = new PortList { Ports = { new Port { ServicePort = 80, TargetPort = 8080 } } } },
            ApplicationTunnel = new Protocol.Istio.Workload.ApplicationTunnel { Protocol = Protocol.Istio.Workload.ApplicationTunnel.Types.Protocol.Proxy, Port = 15088 },
            Locality = new Protocol.Istio.Workload.Locality { Region = "r", Zone = "z", Subzone = "s" },
            NetworkMode = Protocol.Istio.Workload.NetworkMode.HostNetwork,
            Capacity = 0,
        };

        Assert.True(TryAdd(new WireAddress { Workload = wire }, out MeshBatch batch, out string? error), error);
        Mesh.Workloads.Workload workload = batch.Workloads[0];

        Assert.Equal("n ns net Hbone td sa node cn cr Pod wn True Unhealthy c c//Pod/ns/n h HostNetwork 0", string.Join(' ', workload.Name, workload.Namespace, workload.Network, workload.Protocol, workload.TrustDomain, workload.ServiceAccount, workload.Node, workload.CanonicalName, workload.CanonicalRevision, workload.Type, workload.WorkloadName, workload.NativeTunnel, workload.Status, workload.ClusterId, workload.Uid, workload.Hostname, workload.NetworkMode, workload.Capacity));
        Assert.Equal("g/w:15008", workload.Waypoint!.ToString());
        Assert.Equal("r/9.9.9.9:15009", workload.NetworkGateway!.ToString());
        Assert.Equal(["a/b"], workload.AuthorizationPolicies);
        Assert.Equal(new Mesh.Workloads.ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088), workload.ApplicationTunnel);
        Assert.Equal(new Mesh.Workloads.Locality("r", "z", "s"), workload.Locality);
        Assert.True(workload.PortsOf(new Mesh.Services.NamespacedHostname("ns", "h")).TryGet(80, out ushort target));
        Assert.Equal(8080, target);
    }

    [Fact]
    public void EveryFieldOfAService_Arrives()
    {
        Protocol.Istio.Workload.NetworkAddress Range(uint? length, params byte[] bytes)
        {
            var address = new Protocol.Istio.Workload.NetworkAddress { Network = "n", Address = ByteString.CopyFrom(bytes) };
            if (length is { } bits)
            {
                address.Length = bits;
            }

            return address;
        }

        var wire = new WireService
        {
            Name = "s",
            Namespace = "ns",
            Hostname = "s.ns",
            Addresses = { Range(null, 1, 1, 1, 1), Range(32, 1, 1, 1, 2), Range(8, 10, 0, 0, 0) },
            Ports = { new Port { ServicePort = 80 } },
            SubjectAltNames = { "spiffe://td/ns/a/sa/b" },
            IpFamilies = IPFamilies.Dual,
            Canonical = true,
            LoadBalancing = new Protocol.Istio.Workload.LoadBalancing
            {
                RoutingPreference = { Protocol.Istio.Workload.LoadBalancing.Types.Scope.Network, Protocol.Istio.Workload.LoadBalancing.Types.Scope.Region },
                Mode = Protocol.Istio.Workload.LoadBalancing.Types.Mode.Failover,
                HealthPolicy = Protocol.Istio.Workload.LoadBalancing.Types.HealthPolicy.AllowAll,
            },
            Visibility = (WireService.Types.Visibility)55,
            WeightedWaypoints = { new Protocol.Istio.Workload.WeightedWaypoint { Weight = 3, Destination = new Protocol.Istio.Workload.GatewayAddress { Hostname = new Protocol.Istio.Workload.NamespacedHostname { Namespace = "a", Hostname = "b" } } } },
        };

        Assert.True(TryAdd(new WireAddress { Service = wire }, out MeshBatch batch, out string? error), error);
        Mesh.Services.Service service = batch.Services[0];

        Assert.Equal(["n/1.1.1.1", "n/1.1.1.2"], service.Vips.Select(vip => vip.ToString()));
        Assert.Equal(["n/10.0.0.0/8"], service.CidrVips.Select(range => range.ToString()));
        Assert.Equal([RoutingScope.Network, RoutingScope.Region], service.LoadBalancing!.Preferences);
        Assert.Equal((LoadBalancingMode.Failover, Mesh.Services.HealthPolicy.AllowAll), (service.LoadBalancing.Mode, service.LoadBalancing.HealthPolicy));
        Assert.Equal(3u, Assert.Single(service.WeightedWaypoints).Weight);
        Assert.Equal((IpFamilies.Dual, true, ServiceVisibility.Public), (service.IpFamilies, service.IsCanonical, service.Visibility));
        Assert.Single(service.Identities);
    }

    [Fact]
    public void Policies_MapEveryCondition()
    {
        var match = new Match
        {
            Namespaces = { new Protocol.Istio.Security.StringMatch { Exact = "a" } },
            NotNamespaces = { new Protocol.Istio.Security.StringMatch { Prefix = "b" } },
            Principals = { new Protocol.Istio.Security.StringMatch { Suffix = "c" } },
            NotPrincipals = { new Protocol.Istio.Security.StringMatch { Presence = new Empty() } },
            SourceIps = { Range(8, 10, 1, 1, 1) },
            NotSourceIps = { Range(32, 1, 1, 1, 1) },
            DestinationIps = { Range(0, 0, 0, 0, 0) },
            NotDestinationIps = { Range(24, 2, 2, 2, 2) },
            DestinationPorts = { 80 },
            NotDestinationPorts = { 81 },
            ServiceAccounts = { new Protocol.Istio.Security.ServiceAccountMatch { Namespace = "n", ServiceAccount = "s" } },
            NotServiceAccounts = { new Protocol.Istio.Security.ServiceAccountMatch { Namespace = "m", ServiceAccount = "t" } },
        };

        PolicyMatch mapped = Policy(Protocol.Istio.Security.Action.Allow, match);

        Assert.Equal([Mesh.Policies.StringMatch.Exact("a")], mapped.Namespaces);
        Assert.Equal([Mesh.Policies.StringMatch.Prefix("b")], mapped.NotNamespaces);
        Assert.Equal([Mesh.Policies.StringMatch.Suffix("c")], mapped.Principals);
        Assert.Equal([Mesh.Policies.StringMatch.Presence()], mapped.NotPrincipals);
        Assert.Equal("10.0.0.0/8 1.1.1.1/32 0.0.0.0/0 2.2.2.0/24", $"{mapped.SourceIps[0]} {mapped.NotSourceIps[0]} {mapped.DestinationIps[0]} {mapped.NotDestinationIps[0]}");
        Assert.Equal(((ushort)80, (ushort)81), (mapped.DestinationPorts[0], mapped.NotDestinationPorts[0]));
        Assert.Equal(new Mesh.Policies.ServiceAccountMatch("n", "s"), mapped.ServiceAccounts[0]);
        Assert.Equal(new Mesh.Policies.ServiceAccountMatch("m", "t"), mapped.NotServiceAccounts[0]);
    }

    [Fact]
    public void WhatAnAllowPolicyCannotSay_AllowsNothing_AndWhatADenyPolicyCannotSay_DeniesAll()
    {
        var unclear = new Match { SourceIps = { Range(33, 1, 1, 1, 1) } };
        var unclearText = new Match { NotPrincipals = { new Protocol.Istio.Security.StringMatch() }, DestinationPorts = { 80 } };

        Assert.True(Policy(Protocol.Istio.Security.Action.Allow, unclear).IsEmpty);
        Assert.True(Policy(Protocol.Istio.Security.Action.Allow, unclearText).IsEmpty);
        Assert.Equal([(ushort)0], Policy(Protocol.Istio.Security.Action.Deny, unclear).NotDestinationPorts);
        Assert.Equal([(ushort)80], Policy(Protocol.Istio.Security.Action.Deny, unclearText).DestinationPorts);
        Assert.Equal([(ushort)0], Policy(Protocol.Istio.Security.Action.Allow, new Match { DestinationPorts = { 65536 + 80 } }).DestinationPorts);
    }

    [Theory]
    [InlineData(7, 0, "scope")]
    [InlineData(0, 7, "action")]
    public void UnknownScopeOrAction_IsRejected(int scope, int action, string field)
    {
        var wire = new Authorization { Scope = (Scope)scope, Action = (Protocol.Istio.Security.Action)action };
        Assert.False(ResourceMapping.TryAddAuthorization(new MeshBatch(), "x", Any.Pack(wire), out string? error));
        Assert.Contains(field, error, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyBytes_AreMappedOrRefused()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[][] seeds = [Wire.Workload("w", 1, 2, 3, 4).ToByteArray(), Wire.Service("s", 1, 2, 3, 4).ToByteArray(), Wire.Deny("p", 80).ToByteArray()];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. seeds[random.Next(3)]];
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var any = new Any { Value = ByteString.CopyFrom(bytes, 0, random.Next(8) == 0 ? random.Next(bytes.Length) : bytes.Length) };
            var batch = new MeshBatch();
            Assert.True(ResourceMapping.TryAddAddress(batch, any, out string? error) == error is null, $"seed {seed}");
            Assert.True(ResourceMapping.TryAddAuthorization(batch, "x", any, out error) == error is null, $"seed {seed}");
        }
    }

    private static Protocol.Istio.Security.Address Range(uint length, params byte[] bytes) => new() { Address_ = ByteString.CopyFrom(bytes), Length = length };

    private static bool TryAdd(WireAddress wire, out MeshBatch batch, out string? error)
    {
        batch = new MeshBatch();
        return ResourceMapping.TryAddAddress(batch, Any.Pack(wire), out error);
    }

    private static PolicyMatch Policy(Protocol.Istio.Security.Action action, Match match)
    {
        var batch = new MeshBatch();
        var wire = new Authorization { Action = action, Rules = { new Rule { Clauses = { new Clause { Matches = { match } } } } } };
        Assert.True(ResourceMapping.TryAddAuthorization(batch, "ns/p", Any.Pack(wire), out string? error), error);
        return batch.Policies.Single().Policy.Rules.Single().Clauses.Single().Matches.Single();
    }
}
