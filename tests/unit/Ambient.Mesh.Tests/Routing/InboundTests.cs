using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Routing;

/// <summary>The table of ztunnel.md 12 F: client 10.0.0.1, server 10.0.0.2 (VIP 10.10.0.1), waypoint 10.0.0.3 (VIP 10.10.0.2).</summary>
public class InboundTests
{
    private const string ServerHost = "server.default.svc.cluster.local";
    private const string WaypointHost = "waypoint.default.svc.cluster.local";
    private readonly TestMesh _mesh = new();

    private enum On
    {
        Nothing,
        Workload,
        Service,
        WeightedService,
    }

    [Fact]
    [Trait("behaviour", "ZT-104")]
    public void OwnAddress_IsServed() => AssertAccepted("10.0.0.2:8080", Ask("10.0.0.2", "10.0.0.2:8080"));

    [Fact]
    [Trait("behaviour", "ZT-105")]
    public void Hostname_IsMappedToTheTargetPort() => AssertAccepted("10.0.0.2:8080", Ask("10.0.0.2", $"{ServerHost}:80"));

    [Theory]
    [Trait("behaviour", "ZT-106")]
    [Trait("behaviour", "ZT-107")]
    [Trait("behaviour", "ZT-108")]
    [Trait("behaviour", "ZT-109")]
    [Trait("behaviour", "ZT-112")]
    [Trait("behaviour", "ZT-113")]
    [InlineData(nameof(On.Workload), "10.0.0.3", "10.0.0.2:8080", true)]
    [InlineData(nameof(On.Workload), "10.10.0.2", "10.0.0.2:8080", true)]
    [InlineData(nameof(On.Service), "10.0.0.3", "10.10.0.1:8080", true)]
    [InlineData(nameof(On.Service), "10.10.0.2", "10.10.0.1:8080", true)]
    [InlineData(nameof(On.Service), "default/" + WaypointHost, "10.10.0.1:8080", true)]
    [InlineData(nameof(On.WeightedService), "10.10.0.2", "10.10.0.1:8080", true)]
    [InlineData(nameof(On.Nothing), "", "10.0.0.1:8080", false)]
    [InlineData(nameof(On.Nothing), "", "99.0.0.1:8080", false)]
    [InlineData(nameof(On.Workload), "10.0.0.3", "10.10.0.1:8080", false)]
    [InlineData(nameof(On.Service), "10.0.0.3", "10.0.0.2:8080", false)]
    [InlineData(nameof(On.Workload), "10.0.0.1", "10.0.0.2:8080", false)]
    public void Waypoint_ServesTheAddressesThatNameIt(string on, string waypoint, string authority, bool accepted)
    {
        InboundTarget target = Ask("10.0.0.3", authority, Enum.Parse<On>(on), waypoint);
        if (accepted)
        {
            AssertAccepted("10.0.0.3:8080", target);
        }
        else
        {
            InboundRefuse refuse = Assert.IsType<InboundRefuse>(target);
            Assert.Equal((400, CloseReason.IpMismatch), (refuse.Status, refuse.Reason));
            Assert.Equal($"ip mismatch: 10.0.0.3 != {IpPort.Parse(authority).Address}", refuse.Text);
        }
    }

    [Theory]
    [Trait("behaviour", "ZT-110")]
    [Trait("behaviour", "ZT-111")]
    [InlineData(nameof(On.Workload), "10.0.0.2:8080", "10.0.0.2:8080")]
    [InlineData(nameof(On.Service), "10.10.0.1:8080", "10.10.0.1:8080")]
    [InlineData(nameof(On.Service), ServerHost + ":80", "10.10.0.1:80")]
    public void ApplicationTunnel_ReplacesThePortAndTellsTheAddress(string on, string authority, string header)
    {
        ApplicationTunnel tunnel = new(ApplicationTunnelProtocol.Proxy, 15088);
        InboundAccept accept = Assert.IsType<InboundAccept>(Ask("10.0.0.3", authority, Enum.Parse<On>(on), "10.10.0.2", tunnel));
        Assert.Equal("10.0.0.3:15088", accept.Connect.ToString());
        Assert.Equal("10.0.0.3:15088", accept.PolicyDestination.ToString());
        Assert.Equal(header, accept.ProxyHeaderDestination.ToString());
        Assert.False(accept.FromLoopback);

        accept = Assert.IsType<InboundAccept>(Ask("10.0.0.3", authority, Enum.Parse<On>(on), "10.10.0.2", tunnel, loopback: true));
        Assert.Equal("127.0.0.1:15088", accept.Connect.ToString());
        Assert.Equal("10.0.0.3:15088", accept.PolicyDestination.ToString());
        Assert.True(accept.FromLoopback);
    }

    [Theory]
    [Trait("behaviour", "ZT-114")]
    [Trait("behaviour", "ZT-115")]
    [Trait("behaviour", "ZT-116")]
    [InlineData("", 400, CloseReason.BadAuthority)]
    [InlineData("10.0.0.2", 400, CloseReason.BadAuthority)]
    [InlineData("host", 400, CloseReason.BadAuthority)]
    [InlineData("host:", 400, CloseReason.BadAuthority)]
    [InlineData("host:99999", 400, CloseReason.BadAuthority)]
    [InlineData("10.0.0.2:0", 400, CloseReason.BadAuthority)]
    [InlineData("::1:80", 400, CloseReason.BadAuthority)]
    [InlineData("ho st:80", 400, CloseReason.BadAuthority)]
    [InlineData("user@10.0.0.2:80", 503, CloseReason.UnknownHost)]
    [InlineData("10.0.0.02:80", 503, CloseReason.UnknownHost)]
    [InlineData("unknown.example.com:80", 503, CloseReason.UnknownHost)]
    [InlineData("SERVER.default.svc.cluster.local:80", 503, CloseReason.UnknownHost)]
    [InlineData(ServerHost + ":81", 503, CloseReason.UnknownPort)]
    [InlineData("10.0.0.2:15006", 503, CloseReason.SelfCall)]
    [InlineData("10.0.0.2:15001", 503, CloseReason.SelfCall)]
    [InlineData(ServerHost + ":82", 503, CloseReason.SelfCall)]
    public void BadAuthority_IsRefusedWithAStatus(string authority, int status, CloseReason reason)
    {
        InboundRefuse refuse = Assert.IsType<InboundRefuse>(Ask("10.0.0.2", authority));
        Assert.Equal((status, reason), (refuse.Status, refuse.Reason));
    }

    [Fact]
    public void UnknownLocalWorkload_Is503()
    {
        InboundRefuse refuse = Assert.IsType<InboundRefuse>(InboundResolver.Resolve(MeshView.Empty, new InboundQuery
        {
            Local = null,
            LocalName = new LocalWorkload("w", "ns", "sa"),
            Connection = IpAddress.Parse("10.0.0.2"),
            Authority = "10.0.0.2:80",
            OwnNetwork = "",
        }));
        Assert.Equal((503, CloseReason.UnknownSource), (refuse.Status, refuse.Reason));
    }

    [Theory]
    [Trait("behaviour", "ZT-118")]
    [InlineData(15001, true)]
    [InlineData(15006, true)]
    [InlineData(15008, true)]
    [InlineData(15020, false)]
    [InlineData(8080, false)]
    public void Passthrough_ToAnOwnPort_IsRefused(int port, bool refused) =>
        Assert.Equal(refused, InboundResolver.RefusePassthrough(Workload("w", "10.0.0.2"), default, new IpPort(IpAddress.Parse("10.0.0.2"), (ushort)port), null) is not null);

    [Theory]
    [InlineData("b.com", 8080, "b.com")]
    [InlineData("c.com", 8080, "a.com")]
    [InlineData(null, 9999, "b.com")]
    [InlineData(null, 7777, null)]
    public void Attribution_PrefersTheForwardedHostAmongTheOwnServices(string? forwarded, int port, string? expected)
    {
        Workload local = Workload("w", "10.0.0.2", spec =>
        {
            Join(spec, "a.com");
            Join(spec, "b.com", (80, 9999));
        });
        _mesh.Put(local);
        _mesh.Put(Service("a.com"), Service("b.com"), Service("c.com"));
        Assert.Equal(expected, ServiceAttribution.Find(_mesh.View, local, forwarded, (ushort)port)?.Hostname);
    }

    [Fact]
    public void Authority_RandomText_NeverThrows()
    {
        const int Seed = 12;
        Random random = new(Seed);
        const string Alphabet = "0123456789.:[]ab@/ \0\u00ff-";
        for (int i = 0; i < 30_000; i++)
        {
            char[] text = new char[random.Next(30)];
            for (int c = 0; c < text.Length; c++)
            {
                text[c] = Alphabet[random.Next(Alphabet.Length)];
            }

            if (ConnectTarget.TryParse(new string(text), out ConnectTarget? target))
            {
                Assert.True(target.Port != 0 && (target.Address is not null) != (target.Hostname.Length > 0), $"seed {Seed}: {new string(text)}");
            }
        }
    }

    private static void AssertAccepted(string connect, InboundTarget target) => Assert.Equal(connect, Assert.IsType<InboundAccept>(target).Connect.ToString());

    private InboundTarget Ask(string connection, string authority, On on = On.Nothing, string waypoint = "", ApplicationTunnel? tunnel = null, bool loopback = false)
    {
        GatewayAddress? reference = on == On.Nothing ? null : Gateway(waypoint, 15008);
        static void InDefault(WorkloadSpec spec, string host)
        {
            spec.Namespace = "default";
            spec.Services.Add(new ServiceMembership(new NamespacedHostname("default", host), PortMap.Empty));
        }

        _mesh.Put(
            Workload("client", "10.0.0.1", spec => spec.Namespace = "default"),
            Workload("server", "10.0.0.2", spec =>
            {
                InDefault(spec, ServerHost);
                spec.Waypoint = on == On.Workload ? reference : null;
            }),
            Workload("waypoint", "10.0.0.3", spec =>
            {
                InDefault(spec, WaypointHost);
                spec.ApplicationTunnel = tunnel;
            }));
        _mesh.Put(
            Service(ServerHost, "10.10.0.1", spec =>
            {
                spec.Namespace = "default";
                spec.Ports = PortMap.Of((80, 8080), (82, 15008));
                spec.Waypoint = on == On.Service ? reference : null;
                if (on == On.WeightedService)
                {
                    spec.WeightedWaypoints.Add(new WeightedWaypoint(Gateway("10.99.99.99", 15008), 1));
                    spec.WeightedWaypoints.Add(new WeightedWaypoint(reference!, 1));
                }
            }),
            Service(WaypointHost, "10.10.0.2", spec => spec.Namespace = "default"));
        return InboundResolver.Resolve(_mesh.View, new InboundQuery
        {
            Local = _mesh.View.FindWorkload(Address(connection)),
            Connection = IpAddress.Parse(connection),
            Authority = authority,
            OwnNetwork = "",
            LoopbackApplicationTunnel = loopback,
        });
    }
}
