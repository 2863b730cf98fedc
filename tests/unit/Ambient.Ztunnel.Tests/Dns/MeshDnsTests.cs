using System.Net.Sockets;
using System.Net;
using Address = Ambient.Linux.Sockets.SocketAddress;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Testing.Names;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>The DNS cases of the reference (ztunnel.md 12 N) from socket to model and back, over UDP and TCP each.</summary>
public sealed class MeshDnsTests : IDisposable
{
    private const string Network = "nw1";
    private static readonly PortMap Port80 = PortMap.Of(((ushort)80, (ushort)80));
    private readonly Ambient.EventLoop.EventLoop _loop = new("dns", new EventLoopOptions());
    private readonly LogHub _log = LogHub.Discarding();
    private readonly FakeUpstream _upstream = new((query, _) => DnsBytes.Read(query).Questions[0] == "www.bing.com"
        ? DnsBytes.Answer(query, 0, [("www.bing.com", DnsBytes.A, [1, 1, 1, 1])], [("www.bing.com", DnsBytes.Aaaa, IPAddress.IPv6Loopback.GetAddressBytes())])
        : DnsBytes.Answer(query, 3, []));

    private readonly DnsServer _server;

    public MeshDnsTests()
    {
        _loop.Start();
        var mesh = new MeshState();
        mesh.Apply(Model());
        var settings = new DnsSettings
        {
            Addresses = [Address.LoopbackIPv4],
            Resolver = new ResolverConfiguration
            {
                Servers = [Address.LoopbackIPv4.WithPort((ushort)_upstream.Port)],
                AttemptLimit = TimeSpan.FromSeconds(4),
                TotalLimit = TimeSpan.FromSeconds(9),
            },
        };
        var names = new MeshNames(mesh, new LocalWorkload("client", "ns1", "sa"), new NameSettings { PreferredNamespace = "preferred-ns" });
        var sockets = new SocketFactory(null, new SocketOptions { Transparent = TransparentMode.Never });
        _server = FreePort.Open(() => DnsServer.Open(_loop, sockets, settings, names, new DnsObserver(new MetricRegistry(), null), _log.For("test")));
        _server.Serve();
    }

    public void Dispose()
    {
        _server.StopNow();
        _loop.Dispose();
        _upstream.Dispose();
        _log.Dispose();
    }

    [Theory]
    [Trait("behaviour", "ZT-212")]
    [Trait("behaviour", "ZT-213")]
    [Trait("behaviour", "ZT-215")]
    [Trait("behaviour", "ZT-216")]
    [Trait("behaviour", "ZT-217")]
    [Trait("behaviour", "ZT-219")]
    [Trait("behaviour", "ZT-220")]
    [Trait("behaviour", "ZT-222")]
    [Trait("behaviour", "ZT-223")]
    [Trait("behaviour", "ZT-224")]
    [Trait("behaviour", "ZT-225")]
    [Trait("behaviour", "ZT-226")]
    [Trait("behaviour", "ZT-227")]
    [Trait("behaviour", "ZT-228")]
    [Trait("behaviour", "ZT-231")]
    [Trait("behaviour", "ZT-232")]
    [InlineData("www.google.com", "A", "1.1.1.1")]
    [InlineData("www.google.com.ns1.svc.cluster.local", "A", ">www.google.com 1.1.1.1")]
    [InlineData("productpage.ns1.svc.cluster.local", "A", "9.9.9.9")]
    [InlineData("productpage.ns1", "A", "9.9.9.9")]
    [InlineData("productpage", "A", "9.9.9.9")]
    [InlineData("productpage.ns1.ns1.svc.cluster.local", "A", ">productpage.ns1 9.9.9.9")]
    [InlineData("example.ns2", "A", "10.10.10.10")]
    [InlineData("example.ns2.svc", "A", "10.10.10.10")]
    [InlineData("example.ns2.svc.cluster.local", "A", "10.10.10.10")]
    [InlineData("nslocalsame.ns1.svc.cluster.local", "A", "10.10.10.241")]
    [InlineData("details.ns2.svc.cluster.remote", "A", "11.11.11.11 12.12.12.12 13.13.13.13 14.14.14.14")]
    [InlineData("dual.localhost", "A", "2.2.2.2")]
    [InlineData("dual.localhost", "AAAA", "2001:db8::ff00:42:8329")]
    [InlineData("ipv6.localhost", "A", "")]
    [InlineData("ipv4.localhost", "AAAA", "")]
    [InlineData("foo.wildcard", "A", "10.10.10.10")]
    [InlineData("a.b.wildcard", "A", "11.11.11.11")]
    [InlineData("foo.svc.mesh.company.net", "A", "10.1.2.3")]
    [InlineData("foo.foons.svc.mesh.company.net", "A", "10.1.2.3")]
    [InlineData("both-networks", "A", "21.21.21.21")]
    [InlineData("headless.ns1.svc.cluster.local", "A", "30.30.30.30 31.31.31.31")]
    [InlineData("headless.ns1.svc.cluster.local", "AAAA", "2001:db8::30 2001:db8::31")]
    [InlineData("everywhere.io", "A", "10.10.10.112")]
    [InlineData("canonical.svc", "A", "10.10.10.141")]
    public void ServedName(string name, string type, string expected)
    {
        string[] parts = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string? alias = parts.FirstOrDefault()?.StartsWith('>') == true ? parts[0][1..] : null;
        string[] addresses = alias is null ? parts : parts[1..];
        foreach (bool udp in new[] { true, false })
        {
            DnsBytes.Message answer = Ask(udp, name, type);
            Assert.Equal((0, true), (answer.Code, answer.Authoritative));
            Assert.Equal(alias, answer.Answers.SingleOrDefault(r => r.Type == 5)?.Text);
            Assert.Equal(addresses.Order(), answer.Answers.Where(r => r.Type != 5).Select(r => r.Text).Order());
            Assert.All(answer.Answers, r => Assert.Equal(r.Type == 5 ? name : alias ?? name, r.Name));
        }
    }

    [Theory]
    [Trait("behaviour", "ZT-211")]
    [Trait("behaviour", "ZT-218")]
    [Trait("behaviour", "ZT-221")]
    [Trait("behaviour", "ZT-229")]
    [Trait("behaviour", "ZT-230")]
    [InlineData("productpage.ns1", "NS")]
    [InlineData("example", "A")]
    [InlineData("details.ns2", "A")]
    [InlineData("headless.pod0.ns1", "A")]
    [InlineData("headless.pod0.ns1.svc.cluster.local", "A")]
    [InlineData("headless.example.com", "A")]
    [InlineData("headless-no-endpoints.example.com", "A")]
    public void ForwardedName_UnknownThere(string name, string type)
    {
        foreach (bool udp in new[] { true, false })
        {
            DnsBytes.Message answer = Ask(udp, name, type);
            Assert.Equal((3, false), (answer.Code, answer.Authoritative));
        }
    }

    [Fact]
    [Trait("behaviour", "ZT-214")]
    public void ForwardedName_KnownThere()
    {
        foreach (bool udp in new[] { true, false })
        {
            DnsBytes.Message answer = Ask(udp, "www.bing.com", "A");
            Assert.Equal((0, false), (answer.Code, answer.Authoritative));
            Assert.Equal("1.1.1.1", Assert.Single(answer.Answers).Text);
            Assert.Equal("::1", Assert.Single(answer.Additional).Text);
        }
    }

    private static MeshBatch Model()
    {
        var batch = new MeshBatch();
        batch.Workloads.Add(Workload("client", "ns1", ["20.0.0.1"]));
        batch.Workloads.Add(Workload("headless.pod0", "ns1", ["30.30.30.30", "2001:db8::30"], "headless.ns1.svc.cluster.local", "headless.example.com"));
        batch.Workloads.Add(Workload("headless.pod1", "ns1", ["31.31.31.31", "2001:db8::31"], "headless.ns1.svc.cluster.local", "headless.example.com"));
        batch.Services.AddRange(
        [
            Service("www.google.com", "ns1", "1.1.1.1"),
            Service("productpage.ns1.svc.cluster.local", "ns1", "9.9.9.9"),
            Service("example.ns2.svc.cluster.local", "ns2", "10.10.10.10"),
            Service("nslocalsame.ns1.svc.cluster.local", "ns1", s => s.Visibility = ServiceVisibility.Namespace, "10.10.10.241"),
            Service("details.ns2.svc.cluster.remote", "ns2", "11.11.11.11", "12.12.12.12", "13.13.13.13", "14.14.14.14"),
            Service("dual.localhost", "ns1", "2.2.2.2", "2001:db8::ff00:42:8329"),
            Service("ipv6.localhost", "ns1", "2001:db8::ff00:42:8330"),
            Service("ipv4.localhost", "ns1", "2.2.2.3"),
            Service("*.wildcard", "ns1", "10.10.10.10"),
            Service("*.b.wildcard", "ns1", "11.11.11.11"),
            Service("*.svc.mesh.company.net", "ns1", "10.1.2.3"),
            Service("both-networks", "ns1", s => s.Vips.Add(new NetworkAddress("nw2", IpAddress.Parse("22.22.22.22"))), "21.21.21.21"),
            Service("headless.ns1.svc.cluster.local", "ns1"),
            Service("headless.example.com", "ns1"),
            Service("headless-no-endpoints.example.com", "ns1"),
            Service("everywhere.io", "preferred-ns", "10.10.10.110"),
            Service("everywhere.io", "ns2", "10.10.10.111"),
            Service("everywhere.io", "ns1", "10.10.10.112"),
            Service("canonical.svc", "ns2", "10.10.10.140"),
            Service("canonical.svc", "ns3", s => s.IsCanonical = true, "10.10.10.141"),
        ]);
        return batch;
    }

    private static Workload Workload(string name, string ns, string[] addresses, params string[] services)
    {
        var spec = new WorkloadSpec { Uid = $"cluster//Pod/{ns}/{name}", Name = name, Namespace = ns, ServiceAccount = "sa", TrustDomain = "cluster.local", Network = Network };
        spec.Addresses.AddRange(addresses.Select(IpAddress.Parse));
        spec.Services.AddRange(services.Select(s => new ServiceMembership(new NamespacedHostname(ns, s), Port80)));
        return new Workload(spec);
    }

    private static Service Service(string hostname, string ns, params string[] vips) => Service(hostname, ns, _ => { }, vips);

    private static Service Service(string hostname, string ns, Action<ServiceSpec> change, params string[] vips)
    {
        var spec = new ServiceSpec { Name = hostname.Split('.')[0], Namespace = ns, Hostname = hostname, Ports = Port80 };
        spec.Vips.AddRange(vips.Select(v => new NetworkAddress(Network, IpAddress.Parse(v))));
        change(spec);
        return new Service(spec);
    }

    private DnsBytes.Message Ask(bool udp, string name, string type)
    {
        byte[] query = DnsBytes.Query(name, type switch
        {
            "A" => DnsBytes.A,
            "AAAA" => DnsBytes.Aaaa,
            _ => DnsBytes.Ns,
        });
        using var socket = new Socket(AddressFamily.InterNetwork, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        socket.Connect(IPEndPoint.Parse(_server.Addresses[0].ToString()));
        socket.Send(udp ? query : [0, (byte)query.Length, .. query]);
        byte[] buffer = new byte[4096];
        int length = 0;
        do
        {
            length += socket.Receive(buffer.AsSpan(length));
        }
        while (!udp && length < 2 + ((buffer[0] << 8) | buffer[1]));
        return DnsBytes.Read(udp ? buffer[..length] : buffer[2..length]);
    }
}
