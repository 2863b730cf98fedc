using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net;
using Address = Ambient.Linux.Sockets.SocketAddress;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Names;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>The DNS proxy over real sockets on loopback, with a fake model and a fake upstream.</summary>
public sealed class DnsServerTests : IDisposable
{
    private static readonly DnsClient Client = new("client", "ns1", "client", "v1");
    private readonly Ambient.EventLoop.EventLoop _loop = new("dns", new EventLoopOptions { FaultSink = (_, type, e) => Faults.Add($"{type}: {e}") });
    private readonly LogHub _log = LogHub.Discarding();
    private readonly FakeNames _names = new();
    private readonly RecordingObserver _observer = new();
    private readonly List<DnsServer> _servers = [];

    private static ConcurrentBag<string> Faults { get; } = [];

    public DnsServerTests() => _loop.Start();

    public void Dispose()
    {
        _servers.ForEach(s => s.StopNow());
        _loop.Stop();
        Assert.Equal(0, _loop.Buffers.RentedCount);
        Assert.Equal(0, _loop.HandlerCount);
        Assert.Empty(Faults);
        _loop.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("behaviour", "ZT-212")]
    [Trait("behaviour", "ZT-213")]
    public void ServedName_IsAnsweredAuthoritatively_OverBothTransports(bool udp)
    {
        _names.Answers["www.google.com"] = DnsDecision.Answer(null, [Parse("1.1.1.1")]);
        _names.Answers["www.google.com.ns1.svc.cluster.local"] = DnsDecision.Answer("www.google.com", [Parse("1.1.1.1")]);
        DnsServer server = Start();
        DnsBytes.Message answer = Ask(server, udp, DnsBytes.Query("www.GOOGLE.com"));
        Assert.True(answer.Authoritative && answer.RecursionAvailable);
        Assert.Equal("1.1.1.1", Assert.Single(answer.Answers).Text);
        answer = Ask(server, udp, DnsBytes.Query("www.google.com.ns1.svc.cluster.local"));
        Assert.Equal([5, 1], answer.Answers.Select(a => a.Type));
        Assert.Contains(("www.google.com", "success", 0), _observer.Answered);
        Assert.Contains(("www.google.com.ns1.svc.cluster.local", "success", 1), _observer.Answered);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("behaviour", "ZT-223")]
    public void ServedNameWithoutAddress_IsNoErrorAndAuthoritative(bool udp)
    {
        _names.Answers["ipv6.localhost"] = DnsDecision.NoRecords;
        DnsBytes.Message answer = Ask(Start(), udp, DnsBytes.Query("ipv6.localhost"));
        Assert.Equal((0, true, 0), (answer.Code, answer.Authoritative, answer.Answers.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("behaviour", "ZT-211")]
    [Trait("behaviour", "ZT-214")]
    [Trait("behaviour", "ZT-233")]
    public void UnknownNameAndForeignType_AreForwarded_AdditionalsKept(bool udp)
    {
        using var upstream = new FakeUpstream((query, _) => DnsBytes.Read(query).Questions[0] == "www.bing.com"
            ? DnsBytes.Answer(query, 0, [("www.bing.com", DnsBytes.A, [1, 1, 1, 1])], [("www.bing.com", DnsBytes.Aaaa, IPAddress.IPv6Loopback.GetAddressBytes())])
            : DnsBytes.Answer(query, 3, []));
        _names.Answers["productpage.ns1"] = DnsDecision.Answer(null, [Parse("9.9.9.9")]);
        DnsServer server = Start(upstream.Port);
        DnsBytes.Message answer = Ask(server, udp, DnsBytes.Query("www.bing.com"));
        Assert.Equal((0, false, true), (answer.Code, answer.Authoritative, answer.RecursionAvailable));
        Assert.Equal("1.1.1.1", Assert.Single(answer.Answers).Text);
        Assert.Equal("::1", Assert.Single(answer.Additional).Text);
        answer = Ask(server, udp, DnsBytes.Query("productpage.ns1", DnsBytes.Ns));
        Assert.Equal((3, false), (answer.Code, answer.Authoritative));
        Assert.Contains(("www.bing.com", "forwarded", 1), _observer.Answered);
        Assert.Contains((DnsBytes.A, udp, false), _observer.Upstream);
    }

    [Fact]
    public void WhatIsNotUnderstood_ReachesTheUpstreamUntouched()
    {
        byte[]? seen = null;
        using var upstream = new FakeUpstream((query, _) =>
        {
            seen = query;
            return DnsBytes.Answer(query, 0, [("x.example", 65280, [9, 9, 9])]);
        });
        byte[] sent = DnsBytes.Query("x.example", 65280, flags: 0x0130, edns: 4000);
        DnsBytes.Message answer = Ask(Start(upstream.Port), udp: true, sent);
        Assert.Equal(sent[2..], seen![2..]);
        Assert.Equal("090909", Assert.Single(answer.Answers).Text);
        Assert.Contains(("x.example", "forwarded", 1), _observer.Answered);
    }

    [Fact]
    public void CutUpstreamAnswer_IsFetchedOverTcp_ForTcpOnly()
    {
        using var upstream = new FakeUpstream((query, udp) => udp
            ? DnsBytes.Answer(query, 0, [], moreFlags: 0x0200)
            : DnsBytes.Answer(query, 0, [.. Enumerable.Range(0, 100).Select(i => ("big.example", DnsBytes.A, new byte[] { 10, 0, 0, (byte)i }))]));
        DnsServer server = Start(upstream.Port);
        Assert.Equal(100, Ask(server, udp: false, DnsBytes.Query("big.example")).Answers.Count);
        DnsBytes.Message overUdp = Ask(server, udp: true, DnsBytes.Query("big.example"));
        Assert.Equal((true, 0), (overUdp.Truncated, overUdp.Answers.Count));
    }

    [Fact]
    public void UpstreamAnswerTooLongForTheAsker_IsCut()
    {
        using var upstream = new FakeUpstream((query, _) =>
            DnsBytes.Answer(query, 0, [.. Enumerable.Range(0, 100).Select(i => ("big.example", DnsBytes.A, new byte[] { 10, 0, 0, (byte)i }))]));
        DnsBytes.Message answer = Ask(Start(upstream.Port), udp: true, DnsBytes.Query("big.example"));
        Assert.Equal((true, 0, 0), (answer.Truncated, answer.Code, answer.Answers.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DeadUpstream_GivesServfailAtOnce(bool udp)
    {
        using var closed = new FakeUpstream((_, _) => null);
        int port = closed.Port;
        closed.Dispose();

        // A refused port is no reason to wait: whoever waits here would wait longer than the test does.
        DnsServer server = Start(s => s with { Resolver = s.Resolver with { AttemptLimit = TimeSpan.FromMinutes(1), TotalLimit = TimeSpan.FromMinutes(1) } }, port);
        DnsBytes.Message answer = Ask(server, udp, DnsBytes.Query("www.bing.com"));
        Assert.Equal((2, 0x1234), (answer.Code, answer.Id));
        Assert.Contains((DnsBytes.A, udp, true), _observer.Upstream);
    }

    [Fact]
    public void SilentUpstream_GivesServfailWithinTheLimit_AndTheNextServerIsAsked()
    {
        using var silent = new FakeUpstream((_, _) => null);
        using var good = new FakeUpstream((query, _) => DnsBytes.Answer(query, 0, [("www.bing.com", DnsBytes.A, [1, 1, 1, 1])]));
        DnsServer alone = Start(s => s with { Resolver = s.Resolver with { AttemptLimit = TimeSpan.FromMilliseconds(80), TotalLimit = TimeSpan.FromSeconds(20) } }, silent.Port);
        Assert.Equal(2, Ask(alone, udp: true, DnsBytes.Query("www.bing.com")).Code);
        Assert.True(SpinWait.SpinUntil(() => silent.Queries == 2, 10_000), $"{silent.Queries} attempts");
        DnsServer both = Start(s => s with { Resolver = s.Resolver with { AttemptLimit = TimeSpan.FromMilliseconds(1000) } }, silent.Port, good.Port);
        Assert.Single(Ask(both, udp: true, DnsBytes.Query("www.bing.com")).Answers);

        // The one that answered is asked first from now on.
        int before = silent.Queries;
        Assert.Single(Ask(both, udp: true, DnsBytes.Query("www.bing.com")).Answers);
        Assert.Equal(before, silent.Queries);
    }

    [Fact]
    public void ForgedAnswers_AreIgnored()
    {
        using var upstream = new FakeUpstream((query, _) =>
        {
            // Wrong id, and wrong question: neither may count, so the query ends by time.
            byte[] forged = DnsBytes.Answer(query, 0, [("www.bing.com", DnsBytes.A, [6, 6, 6, 6])]);
            forged[0] ^= 0xff;
            return forged;
        });
        Assert.Equal(2, Ask(Start(Impatient, upstream.Port), udp: true, DnsBytes.Query("www.bing.com")).Code);
        using var other = new FakeUpstream((query, _) => DnsBytes.Answer(DnsBytes.Query("evil.example", id: (ushort)((query[0] << 8) | query[1])), 0, [("evil.example", DnsBytes.A, [6, 6, 6, 6])]));
        Assert.Equal(2, Ask(Start(Impatient, other.Port), udp: true, DnsBytes.Query("www.bing.com")).Code);
    }

    [Fact]
    public void OutstandingQueries_AreBounded()
    {
        using var silent = new FakeUpstream((_, _) => null);
        DnsServer server = Start(s => Impatient(s) with { MaxOutstanding = 4 }, silent.Port);
        using Socket socket = Connect(server, udp: true);
        for (int i = 0; i < 6; i++)
        {
            socket.Send(DnsBytes.Query("slow.example", id: (ushort)i));
        }

        // The two beyond the limit are refused before the first four have had their time.
        Assert.Equal([4, 5], new[] { Receive(socket, true), Receive(socket, true) }.Select(m => (int)m.Id).Order());
        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 4).Select(_ => (int)Receive(socket, true).Id).Order());
    }

    [Fact]
    public void UnknownWorkload_WaitsForTheModel_ThenServfail()
    {
        _names.Answers["svc.ns1"] = DnsDecision.Answer(null, [Parse("9.9.9.9")]);
        _names.Known = false;
        DnsServer server = Start(s => s with { UnknownClientLimit = TimeSpan.FromMilliseconds(100) });
        Assert.Equal(2, Ask(server, udp: true, DnsBytes.Query("svc.ns1")).Code);
        Assert.Equal(2, Ask(server, udp: false, DnsBytes.Query("svc.ns1")).Code);
        DnsServer patient = Start();
        using Socket socket = Connect(patient, udp: true);
        socket.Send(DnsBytes.Query("svc.ns1"));
        _names.Known = true;
        Assert.Single(Receive(socket, true).Answers);
    }

    [Fact]
    public void BadMessages_GetTheirCodes_OrNothing()
    {
        DnsServer server = Start();
        using Socket socket = Connect(server, udp: true);
        socket.Send(new byte[5]);
        socket.Send(DnsBytes.Query("a.b", flags: 0x8100));
        byte[] cut = DnsBytes.Query("a.b", id: 1);
        socket.Send(cut.AsSpan(0, 14));
        byte[] notify = DnsBytes.Query("a.b", id: 2);
        notify[2] = 0x20;
        socket.Send(notify);
        Assert.Equal((1, 1), ((int, int))(Receive(socket, true) is var first ? (first.Id, first.Code) : default));
        Assert.Equal((2, 4), ((int, int))(Receive(socket, true) is var second ? (second.Id, second.Code) : default));
    }

    [Fact]
    public void TcpConnection_TakesManyQueriesInPieces_AndAnswersAll()
    {
        using var upstream = new FakeUpstream((query, _) => DnsBytes.Answer(query, 0, [("f.example", DnsBytes.A, [1, 2, 3, 4])]));
        _names.Answers["svc.ns1"] = DnsDecision.Answer(null, [Parse("9.9.9.9")]);
        DnsServer server = Start(s => s with { MaxInFlight = 3 }, upstream.Port);
        using Socket socket = Connect(server, udp: false);
        var stream = new List<byte>();
        for (int i = 0; i < 50; i++)
        {
            byte[] query = DnsBytes.Query(i % 2 == 0 ? "svc.ns1" : "f.example", id: (ushort)i);
            stream.AddRange([0, (byte)query.Length, .. query]);
        }

        byte[] bytes = [.. stream];
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += socket.Send(bytes.AsSpan(sent, Math.Min(7, bytes.Length - sent)));
        }

        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(Enumerable.Range(0, 50), Enumerable.Range(0, 50).Select(_ => (int)Receive(socket, false).Id).Order());
        Assert.Equal(0, socket.Receive(new byte[1]));
    }

    [Fact]
    public void SilentTcpConnection_IsClosed()
    {
        DnsServer server = Start(s => s with { TcpIdle = TimeSpan.FromMilliseconds(50) });
        using Socket socket = Connect(server, udp: false);
        Assert.Equal(0, socket.Receive(new byte[1]));
    }

    [Fact]
    public void ConnectionsBeyondTheLimit_AreRefused()
    {
        _names.Answers["svc.ns1"] = DnsDecision.Answer(null, [Parse("9.9.9.9")]);
        DnsServer server = Start(s => s with { MaxConnections = 1 });
        using Socket first = Connect(server, udp: false);
        Send(first, udp: false, DnsBytes.Query("svc.ns1"));
        Receive(first, false);
        using Socket second = Connect(server, udp: false);
        Assert.Throws<SocketException>(() => second.Receive(new byte[1]));
    }

    [Fact]
    public void Drain_AnswersWhatIsOutstanding_AndStopNowFreesThePorts()
    {
        using var release = new ManualResetEventSlim();
        using var upstream = new FakeUpstream((query, _) =>
        {
            release.Wait(TimeSpan.FromSeconds(10));
            return DnsBytes.Answer(query, 0, [("f.example", DnsBytes.A, [1, 2, 3, 4])]);
        });
        DnsServer server = Start(upstream.Port);
        using Socket socket = Connect(server, udp: true);
        socket.Send(DnsBytes.Query("f.example"));
        Assert.True(SpinWait.SpinUntil(() => !_observer.Requests.IsEmpty, 10_000));
        server.Drain();
        Assert.False(server.Completion.IsCompleted);
        release.Set();
        Assert.Single(Receive(socket, true).Answers);
        Assert.True(SpinWait.SpinUntil(() => server.Completion.IsCompleted, 10_000));

        DnsServer second = Start();
        second.StopNow();
        using var again = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        again.Bind(IPEndPoint.Parse(second.Addresses[0].ToString()));
    }

    [Fact]
    public void Resolve_AnswersFromTheModelAndFromTheUpstream()
    {
        using var upstream = new FakeUpstream((query, _) => DnsBytes.Read(query).Questions[0] == "f.example"
            ? DnsBytes.Answer(query, 0, [("f.example", 5, DnsBytes.EncodeName("g.example")), ("g.example", DnsBytes.A, [1, 2, 3, 4])])
            : DnsBytes.Answer(query, 3, []));
        _names.Answers["svc.ns1"] = DnsDecision.Answer(null, [Parse("9.9.9.9")]);
        DnsServer server = Start(upstream.Port);
        Assert.Equal("9.9.9.9:0", Resolve(server, "svc.ns1"));
        Assert.Equal("1.2.3.4:0", Resolve(server, "f.example."));
        Assert.Null(Resolve(server, "missing.example"));
        Assert.Null(Resolve(server, "bad..name"));
        Assert.Null(Resolve(server, new string('x', 70)));
    }

    private string? Resolve(DnsServer server, string name)
    {
        using var done = new ManualResetEventSlim();
        Address? found = null;
        server.Resolve(
            name,
            ipv6: false,
            _loop,
            (_, address) =>
            {
                found = address;
                done.Set();
            },
            null);
        Assert.True(done.Wait(TimeSpan.FromSeconds(10)), "no answer for " + name);
        return found?.ToString();
    }

    private static Address Parse(string text)
    {
        Assert.True(Address.TryParse(text + ":0", out Address address));
        return address;
    }

    /// <summary>For upstreams that keep silent.</summary>
    private static DnsSettings Impatient(DnsSettings settings) => settings with
    {
        Resolver = settings.Resolver with { AttemptLimit = TimeSpan.FromMilliseconds(80), TotalLimit = TimeSpan.FromMilliseconds(400) },
    };

    private DnsServer Start(params int[] upstreams) => Start(s => s, upstreams);

    private DnsServer Start(Func<DnsSettings, DnsSettings> change, params int[] upstreams)
    {
        var settings = new DnsSettings
        {
            Addresses = [Address.LoopbackIPv4],
            Resolver = new ResolverConfiguration
            {
                Servers = [.. upstreams.DefaultIfEmpty(1).Select(p => Address.LoopbackIPv4.WithPort((ushort)p))],
                AttemptLimit = TimeSpan.FromSeconds(4),
                TotalLimit = TimeSpan.FromSeconds(9),
            },
        };
        var sockets = new SocketFactory(null, new SocketOptions { Transparent = TransparentMode.Never });
        DnsServer server = FreePort.Open(() => DnsServer.Open(_loop, sockets, change(settings), _names, _observer, _log.For("test")));
        server.Serve();
        _servers.Add(server);
        return server;
    }

    private static Socket Connect(DnsServer server, bool udp)
    {
        var socket = new Socket(AddressFamily.InterNetwork, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        socket.Connect(IPEndPoint.Parse(server.Addresses[0].ToString()));
        return socket;
    }

    private static void Send(Socket socket, bool udp, byte[] query) =>
        socket.Send(udp ? query : [(byte)(query.Length >> 8), (byte)query.Length, .. query]);

    private static DnsBytes.Message Receive(Socket socket, bool udp)
    {
        byte[] buffer = new byte[65537];
        if (udp)
        {
            return DnsBytes.Read(buffer[..socket.Receive(buffer)]);
        }

        ReadExactly(socket, buffer.AsSpan(0, 2));
        int length = (buffer[0] << 8) | buffer[1];
        ReadExactly(socket, buffer.AsSpan(0, length));
        return DnsBytes.Read(buffer[..length]);
    }

    private static void ReadExactly(Socket socket, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            int read = socket.Receive(into);
            Assert.True(read > 0, "end of stream inside a message");
            into = into[read..];
        }
    }

    private static DnsBytes.Message Ask(DnsServer server, bool udp, byte[] query)
    {
        using Socket socket = Connect(server, udp);
        Send(socket, udp, query);
        return Receive(socket, udp);
    }

    private sealed class FakeNames : IDnsNames
    {
        private volatile bool _known = true;

        public ConcurrentDictionary<string, DnsDecision> Answers { get; } = new();

        public bool Known
        {
            set => _known = value;
        }

        public DnsClient? FindClient() => _known ? Client : null;

        public DnsDecision Decide(DnsClient client, string name, bool ipv6) => Answers.GetValueOrDefault(name, DnsDecision.Forward);
    }

    private sealed class RecordingObserver : IDnsObserver
    {
        public ConcurrentQueue<(ushort Type, bool Udp)> Requests { get; } = new();

        public ConcurrentQueue<(string Name, string Result, int Endpoints)> Answered { get; } = new();

        public ConcurrentQueue<(ushort Type, bool Udp, bool Failed)> Upstream { get; } = new();

        public void OnRequest(DnsClient client, ushort type, bool udp) => Requests.Enqueue((type, udp));

        public void OnAnswered(DnsClient client, ushort type, string name, string result, int endpoints) => Answered.Enqueue((name, result, endpoints));

        public void OnUpstream(DnsClient client, ushort type, bool udp, bool failed, TimeSpan duration) => Upstream.Enqueue((type, udp, failed));
    }
}
