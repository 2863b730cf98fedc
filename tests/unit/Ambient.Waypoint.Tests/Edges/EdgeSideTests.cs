using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Edges;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Which listener of a port answers for a host.</summary>
public sealed class EdgeSideTests
{
    private static readonly (string Host, bool WantsClients)[] Listeners = [("*", false), ("secure.example.com", true), ("*.inner.example.com", true)];

    [Theory]
    [InlineData("other.example.com", "other.example.com", true)]
    [InlineData("other.example.com", "further.example.com:443", true)]
    [InlineData("other.example.com", "secure.example.com", false)]
    [InlineData("other.example.com", "SECURE.example.com.:443", false)]
    [InlineData("other.example.com", "a.inner.example.com", false)]
    [InlineData("", "secure.example.com", false)]
    [InlineData("secure.example.com", "secure.example.com", true)]
    [InlineData("secure.example.com", "other.example.com", false)]
    public void AHello_ReachesHostsOfItsListenerAlone(string serverName, string authority, bool isServed)
    {
        EdgePortTable port = LocalEdge.Port(Listeners);
        WaypointConfiguration now = LocalEdge.ConfigurationOf(port);
        EdgeSide side = new(port.Port, port.Listeners.Find(serverName));
        Assert.Equal((isServed, !isServed), (side.Find(now, authority) is not null, side.IsMisdirected(now, authority)));
    }

    [Fact]
    public void AListenerOfItsOwn_TakesItsHostAway_FromConnectionsThatAreOpen()
    {
        EdgePortTable before = LocalEdge.Port(("*", false));
        EdgeSide side = new(before.Port, before.Listeners.Find("secure.example.com"));
        Assert.NotNull(side.Find(LocalEdge.ConfigurationOf(before), "secure.example.com"));
        Assert.Null(side.Find(LocalEdge.ConfigurationOf(LocalEdge.Port(Listeners)), "secure.example.com"));
    }

    [Fact]
    public async Task AMisdirectedRequest_IsToldSo_AndTheConnectionGoesOn()
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(Listeners);
        edge.Configure(port);
        using SslStream stream = new(new NetworkStream(edge.Connect(port)), leaveInnerStreamOpen: false);
        SslClientAuthenticationOptions options = new() { TargetHost = "other.example.com", RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge" };
        await During(edge, stream.AuthenticateAsClientAsync(options));
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await Ask(edge, stream, "other.example.com"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 421 Misdirected Request\r\n", await Ask(edge, stream, "secure.example.com"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await Ask(edge, stream, "other.example.com"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AListenerThatBeginsToDemandCertificates_LetsOpenConnectionsGo(bool isHttp2)
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(("*", false));
        edge.Configure(port);
        using SslStream stream = new(new NetworkStream(edge.Connect(port)), leaveInnerStreamOpen: false);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = "a.example.com",
            RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge",
            ApplicationProtocols = [isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
        };
        await During(edge, stream.AuthenticateAsClientAsync(options));
        if (isHttp2)
        {
            await During(edge, stream.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0]).AsTask());
        }
        else
        {
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", await Ask(edge, stream, "a.example.com"), StringComparison.Ordinal);
        }

        // Another certificate, and a credential that is gone, are no reason.
        edge.Configure(LocalEdge.Port(("*", false)));
        edge.Loop.Judge();
        edge.Pass(1);
        Assert.Single(edge.Loop.Plain);
        edge.Configure(LocalEdge.Port(("*", true)));
        edge.Loop.Judge();
        List<byte> seen = [];
        byte[] buffer = new byte[4096];
        while (!isHttp2 || !HasGoAway(seen))
        {
            Task<int> read = stream.ReadAsync(buffer).AsTask();
            await During(edge, read);
            int count = await read;
            if (count == 0)
            {
                break;
            }

            seen.AddRange(buffer.AsSpan(0, count));
        }

        Assert.Equal((isHttp2, isHttp2), (seen.Count > 0, HasGoAway(seen)));
    }

    [Fact]
    public async Task AConnectionThatDoesNotGo_IsEnded_WhenTheDrainTimeIsOver()
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(("*", false));
        edge.Configure(port, fault: new Fault { DelayMs = 600_000, DelayShare = 1_000_000 });
        using SslStream stream = new(new NetworkStream(edge.Connect(port)), leaveInnerStreamOpen: false);
        SslClientAuthenticationOptions options = new() { TargetHost = "a.example.com", RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge" };
        await During(edge, stream.AuthenticateAsClientAsync(options));
        await During(edge, stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n")).AsTask());
        edge.RunUntil(() => edge.Loop.Plain.Any(static tunnel => tunnel.Facts.Head is not null));
        edge.Configure(LocalEdge.Port(("*", true)));
        edge.Loop.Judge();
        edge.Pass(20);
        edge.Loop.Judge();
        edge.Pass(4);
        Assert.Single(edge.Loop.Plain);
        edge.Pass(2);
        Assert.Empty(edge.Loop.Plain);
    }

    [Theory]
    [InlineData(63, "200 OK")]
    [InlineData(64, "508 Loop Detected")]
    [InlineData(500, "508 Loop Detected")]
    public async Task ARequestThatGoesRoundInCircles_IsStopped(int passed, string expected)
    {
        using LocalEdge edge = new(maxClients: 2);
        EdgePortTable port = LocalEdge.Port(("*", false));
        edge.Configure(port);
        using SslStream stream = new(new NetworkStream(edge.Connect(port)), leaveInnerStreamOpen: false);
        await During(edge, stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a.example.com", RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=edge" }));

        // However its proxies have written it: one line, or several.
        string seen = string.Join(", ", Enumerable.Repeat("192.0.2.1", passed - 1));
        Assert.StartsWith($"HTTP/1.1 {expected}\r\n", await Ask(edge, stream, $"a.example.com\r\nX-Forwarded-For: {seen}\r\nX-Forwarded-For: 192.0.2.2"), StringComparison.Ordinal);
    }

    [Fact]
    public void ACredentialThatGoes_MakesHttpsNoHttp()
    {
        EdgePortTable port = LocalEdge.Port(("*", true));
        EdgeSide side = new(port.Port, port.Listeners.Find("a.example.com"));
        EdgePortTable without = EdgeCompiler.Compile(new EdgePort { Port = 443, Protocol = EdgeProtocol.EdgeTls, Namespace = "bench", Listeners = { new EdgeListener { Name = "*", Tls = new EdgeTls { Credentials = { "edge" } }, Hosts = { new EdgeHost { Hostname = "*", Routes = "routes" } } } } }, new Dictionary<string, EdgeCredential>(), port);
        Assert.NotNull(without.All[0].Broken);
        WaypointConfiguration now = LocalEdge.ConfigurationOf(without);
        Assert.NotNull(side.Find(now, "a.example.com"));
        Assert.Equal((true, false), (side.IsTls, side.IsOutdated(now)));
    }

    [Fact]
    public void Demands_AreThoseOnCertificatesOfClients()
    {
        using X509Certificate2 one = LocalEdge.Certificate("CN=edge"), other = LocalEdge.Certificate("CN=edge");
        EdgePortTable port = LocalEdge.Port(one, tolerates: false, ("*", true));
        EdgeSide side = new(port.Port, port.Listeners.Find(""));
        bool IsOutdated(EdgePortTable now) => side.IsOutdated(LocalEdge.ConfigurationOf(now));
        Assert.False(IsOutdated(LocalEdge.Port(one, tolerates: false, ("*", true))));
        Assert.False(IsOutdated(LocalEdge.Port(one, tolerates: false, ("*", false))));
        Assert.True(IsOutdated(LocalEdge.Port(other, tolerates: false, ("*", true))));
        Assert.True(IsOutdated(LocalEdge.Port(one, tolerates: true, ("*", true))));
    }

    [Fact]
    public void RoutesOfConnections_AreThoseOfNow()
    {
        EdgeListenerTable listener = new() { Name = "tcp", Port = 443, Connections = new NamespacedHostname("bench", "routes"), Hosts = new HostTable<EdgeRoutes>([]) };
        EdgePortTable port = new() { Port = 443, Protocol = EdgeProtocol.EdgeTcp, All = [listener], Listeners = new HostTable<EdgeListenerTable>([("*", listener)]) };
        EdgeSide side = new(443, listener);
        WaypointConfiguration first = LocalEdge.ConfigurationOf(port), second = LocalEdge.ConfigurationOf(port);
        Assert.Same(first.Find(listener.Connections, 443), side.FindConnections(first));
        Assert.Same(second.Find(listener.Connections, 443), side.FindConnections(second));
        Assert.Null(side.FindConnections(WaypointConfiguration.Empty));
    }

    private static bool HasGoAway(List<byte> frames)
    {
        for (int at = 0; at + 9 <= frames.Count; at += 9 + ((frames[at] << 16) | (frames[at + 1] << 8) | frames[at + 2]))
        {
            if (frames[at + 3] == 7)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<string> Ask(LocalEdge edge, SslStream stream, string host)
    {
        await During(edge, stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).AsTask());
        StringBuilder answer = new();
        byte[] buffer = new byte[4096];
        while (!answer.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            Task<int> read = stream.ReadAsync(buffer).AsTask();
            await During(edge, read);
            int count = await read;
            Assert.True(count > 0, "it ended: " + answer);
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return answer.ToString();
    }

    private static Task During(LocalEdge edge, Task task)
    {
        edge.RunUntil(() => task.IsCompleted);
        return task;
    }
}
