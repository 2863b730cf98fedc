using System.Net.Sockets;
using System.Net;
using Ambient.Component.Tests.Linux;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Sockets;
using Ambient.Linux;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;
using Ambient.Ztunnel.Pods;
using Address = Ambient.Linux.Sockets.SocketAddress;

namespace Ambient.Component.Tests.Pods;

/// <summary>The agent's client and the DNS proxy with real network namespaces.</summary>
public sealed class PodServersTests : IDisposable
{
    private const uint Mark = 1337;
    private readonly Ambient.EventLoop.EventLoop _loop = new("pods", new EventLoopOptions());
    private readonly LogHub _log = LogHub.Discarding();

    public PodServersTests() => _loop.Start();

    public void Dispose()
    {
        _loop.Stop();
        Assert.Equal(0, _loop.Faults);
        Assert.Equal(0, _loop.HandlerCount);
        _loop.Dispose();
        _log.Dispose();
    }

    [RootFact]
    [Trait("behaviour", "ZT-252")]
    [Trait("behaviour", "ZT-253")]
    public void Dns_ListensAndForwardsInsideThePod_WithTheMark()
    {
        using var pod = new PodFixture();
        DnsServer server = Open(pod, new SocketOptions { Mark = Mark, ReusePort = true });
        try
        {
            server.Serve();
            Assert.Equal(["127.0.0.1:15053", "[::1]:15053"], server.Addresses.Select(a => a.ToString()));

            // The upstream lives in the pod too, and sees the forwarder's socket there.
            using Socket upstream = pod.Network.Run(() =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 53));
                return socket;
            });
            using Socket client = pod.Network.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
            client.ReceiveTimeout = upstream.ReceiveTimeout = 10_000;
            client.Connect(new IPEndPoint(IPAddress.IPv6Loopback, 15053));
            client.Send(Query("svc"));
            byte[] buffer = new byte[512];
            int length = client.Receive(buffer);
            Assert.Equal([9, 9, 9, 9], buffer[(length - 4)..length]);

            client.Send(Query("other"));
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            length = upstream.ReceiveFrom(buffer, ref from);
            string sockets = pod.Run("ss", "-Hune");
            Assert.Contains("fwmark:0x539", sockets, StringComparison.Ordinal);
            buffer[2] |= 0x80;
            upstream.SendTo(buffer.AsSpan(0, length), from);
            Assert.Equal(length, client.Receive(buffer));
        }
        finally
        {
            server.StopNow();
        }
    }

    [RootFact]
    public void Dns_InAPodWithoutIPv6_ListensOnIPv4Only()
    {
        using var pod = new PodFixture(ipv6: false);
        DnsServer server = Open(pod, new SocketOptions { Mark = Mark });
        Assert.Equal(["127.0.0.1:15053"], server.Addresses.Select(a => a.ToString()));
        server.StopNow();
    }

    [RootFact]
    public void Dns_PortTaken_FailsWithTheAddress_AndLeavesNothingBound()
    {
        using var pod = new PodFixture();
        DnsServer first = Open(pod, new SocketOptions { Mark = Mark });
        LinuxException e = Assert.Throws<LinuxException>(() => Open(pod, new SocketOptions { Mark = Mark }));
        Assert.Equal(Errno.EADDRINUSE, e.Errno);
        Assert.Contains("127.0.0.1:15053", e.Message, StringComparison.Ordinal);
        first.StopNow();
        Open(pod, new SocketOptions { Mark = Mark }).StopNow();
    }

    /// <summary>ZT-243 and ZT-246 with real sockets: a port that is taken, freed, and taken again by the same pod.</summary>
    [RootFact]
    [Trait("behaviour", "ZT-243")]
    [Trait("behaviour", "CNI-196")]
    [Trait("behaviour", "ZT-246")]
    [Trait("behaviour", "CNI-198")]
    public void Agent_PodWhosePortIsTaken_IsRetriedUntilItIsFree()
    {
        using var pod = new PodFixture();
        Socket obstacle = pod.Network.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 15053));
            return socket;
        });
        string path = Path.Combine(Path.GetTempPath(), $"ambient-component-{Guid.NewGuid():N}.sock");
        var metrics = new PodMetrics(new MetricRegistry());
        using var ready = new SemaphoreSlim(0);
        using PacketSocket listener = PacketSocket.Listen(path, 4);
        var table = new PodTable(new DnsOnlyFactory(this), metrics, _log.For("test"));
        using var client = new ZdsClient(
            new ZdsClientOptions { Path = path, RetryInterval = TimeSpan.FromMilliseconds(50) },
            table,
            _log.For("test"),
            value => ready.Release(),
            _ => Assert.Fail("protocol violation"));
        client.Start();
        Assert.True(listener.WaitReadable(null, 10_000));
        listener.TryAccept(out PacketSocket? agent).OrThrow("accept", path);
        using (agent)
        {
            Receive(agent!);
            byte[] add = [0x0a, 10, 0x0a, 1, (byte)'u', 0x12, 5, 0x0a, 3, (byte)'p', (byte)'o', (byte)'d'];
            string failed = Exchange(agent!, add, pod.Path);
            Assert.Contains("failure to start proxy : ", failed, StringComparison.Ordinal);
            Assert.Contains("EADDRINUSE", failed, StringComparison.Ordinal);
            Assert.Equal("\n\0", Exchange(agent!, [0x1a, 0]));
            Assert.False(table.IsReady);
            obstacle.Dispose();
            Assert.True(ready.Wait(TimeSpan.FromSeconds(10)), "the retry did not succeed");
            Assert.Equal((1L, 0L, 1L), (metrics.Active.Value, metrics.Pending.Value, metrics.Started.Value));

            // Deleted and added again at once: the second proxy finds the ports free.
            Assert.Equal("\n\0", Exchange(agent!, [0x12, 3, 0x12, 1, (byte)'u']));
            Assert.Equal("\n\0", Exchange(agent!, add, pod.Path));
            Assert.Equal(2, metrics.Started.Value);
        }

        client.Stop();
        table.StopAllNow();
        File.Delete(path);
    }

    private static string Exchange(PacketSocket agent, byte[] packet, string? namespacePath = null)
    {
        if (namespacePath is null)
        {
            agent.TrySend(packet).OrThrow("sendmsg", "agent");
        }
        else
        {
            using FileDescriptor descriptor = FileDescriptor.OpenRead(namespacePath);
            agent.TrySend(packet, descriptor.Number).OrThrow("sendmsg", "agent");
        }

        return Receive(agent);
    }

    private static string Receive(PacketSocket agent)
    {
        Assert.True(agent.WaitReadable(null, 10_000), "no packet came");
        byte[] buffer = new byte[1024];
        int length = (int)agent.TryReceive(buffer, 1, out _).OrThrow("recvmsg", "agent");
        return System.Text.Encoding.Latin1.GetString(buffer, 0, length);
    }

    private static byte[] Query(string name) =>
        [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name), 0, 0, 1, 0, 1];

    private DnsServer Open(PodFixture pod, SocketOptions options) => Open(new SocketFactory(pod.Network, options));

    private DnsServer Open(SocketFactory sockets)
    {
        var settings = new DnsSettings { Resolver = new ResolverConfiguration { Servers = [Address.LoopbackIPv4.WithPort(53)] } };
        return DnsServer.Open(_loop, sockets, settings, new OneName(), new Unobserved(), _log.For("test"));
    }

    private sealed class OneName : IDnsNames
    {
        public DnsClient? FindClient() => new("pod", "ns", "svc", "v1");

        public DnsDecision Decide(DnsClient client, string name, bool ipv6) =>
            name == "svc" ? DnsDecision.Answer(null, [Address.From([9, 9, 9, 9], 0)]) : DnsDecision.Forward;
    }

    private sealed class Unobserved : IDnsObserver
    {
        public void OnRequest(DnsClient client, ushort type, bool udp)
        {
        }

        public void OnAnswered(DnsClient client, ushort type, string name, string result, int endpoints)
        {
        }

        public void OnUpstream(DnsClient client, ushort type, bool udp, bool failed, TimeSpan duration)
        {
        }
    }

    /// <summary>Pods whose whole proxy is its DNS server.</summary>
    private sealed class DnsOnlyFactory(PodServersTests test) : IPodProxyFactory
    {
        public IPodProxy Start(PodSpec pod)
        {
            DnsServer server = test.Open(new SocketFactory(pod.Network, new SocketOptions { Mark = Mark }));
            server.Serve();
            return new Proxy(server);
        }

        private sealed class Proxy(DnsServer server) : IPodProxy
        {
            public Task Completion => server.Completion;

            public int ConnectionCount => 0;

            public int ElderCount => 0;

            public void BeginSuccession()
            {
            }

            public void StopNow() => server.StopNow();

            public void Drain() => server.Drain();

            public void EndDrain() => server.StopNow();
        }
    }
}
