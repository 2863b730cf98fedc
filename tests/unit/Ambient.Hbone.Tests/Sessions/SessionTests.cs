using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Mesh.Connections;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>Two sessions of ours with a real handshake between them.</summary>
public sealed class SessionTests
{
    private static readonly ConnectRequest Request = new() { Authority = "10.0.0.2:8080", Baggage = "k8s.namespace.name=shop", Forwarded = "for=\"10.0.0.1:1\"", Traceparent = "00-1-2-00" };

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 1, 1)]
    [InlineData(3, 100_000, 10)]
    [InlineData(4, 5_000_000, 3_000_000)]
    [InlineData(5, 20_000_000, 0)]
    [Trait("behaviour", "ZT-139")]
    [Trait("behaviour", "ZT-140")]
    public void Stream_CarriesBytesBothWays_AndEndsCleanly(int seed, int up, int down)
    {
        Random random = new(seed);
        using SessionPair pair = new();
        byte[] upload = Bytes(random, up);
        byte[] download = Bytes(random, down);
        MemoryEndpoint server = new(random, download);
        pair.ServerOwner.OnRequest = (stream, request) =>
        {
            server.Stream = stream;
            stream.Accept(server, new ConnectResponse(200, "k8s.cluster.name=Kubernetes"));
            stream.OnSourceReadable(ended: true);
        };
        MemoryEndpoint client = new(random, upload);
        client.Stream = pair.Client.Open(Request, client);
        client.Stream.OnSourceReadable(ended: true);
        pair.Until(
            () =>
            {
                client.Stream.OnSinkWritable();
                server.Stream?.OnSinkWritable();
                return client.Closure is not null && server.Closure is not null;
            },
            "both ends closed");

        Assert.True(client.Closure!.Value.Clean, client.Closure.ToString());
        Assert.True(server.Closure!.Value.Clean, server.Closure.ToString());
        Assert.Equal("k8s.cluster.name=Kubernetes", client.Opened!.Value.Baggage);
        Assert.Equal("10.0.0.2:8080", pair.ServerOwner.Requests[0].Request.Authority);
        Assert.Equal("k8s.namespace.name=shop", pair.ServerOwner.Requests[0].Request.Baggage);
        Assert.True(upload.AsSpan().SequenceEqual(server.Received.GetBuffer().AsSpan(0, (int)server.Received.Length)), "uploaded bytes differ");
        Assert.True(download.AsSpan().SequenceEqual(client.Received.GetBuffer().AsSpan(0, (int)client.Received.Length)), "downloaded bytes differ");
        Assert.Equal(up, client.Stream.BytesSent);
        Assert.Equal(0, pair.Client.ActiveStreams + pair.Server.ActiveStreams);
    }

    [Fact]
    [Trait("behaviour", "ZT-296")]
    public void StalledReader_DoesNotHoldUpOthers()
    {
        Random random = new(11);
        using SessionPair pair = new();
        List<MemoryEndpoint> servers = [];
        pair.ServerOwner.OnRequest = (stream, request) =>
        {
            MemoryEndpoint endpoint = new(random, []) { Stream = stream, Stalled = servers.Count == 0 };
            servers.Add(endpoint);
            stream.Accept(endpoint, new ConnectResponse(200));
        };
        byte[] payload = Bytes(random, 30_000_000);
        MemoryEndpoint stuck = new(random, payload);
        stuck.Stream = pair.Client.Open(Request, stuck);
        stuck.Stream.OnSourceReadable(true);
        pair.Until(() => servers.Count == 1 && stuck.Opened is not null, "first stream open");
        MemoryEndpoint free = new(random, payload);
        free.Stream = pair.Client.Open(Request, free);
        free.Stream.OnSourceReadable(true);
        pair.Until(
            () =>
            {
                if (servers.Count > 1)
                {
                    servers[1].Stream!.OnSinkWritable();
                }

                return servers.Count > 1 && servers[1].PeerEnded;
            },
            "the free stream's end");
        Assert.Equal(payload.Length, servers[1].Received.Length);
        Assert.True(stuck.Stream.BytesSent <= 1024 * 1024, $"a stalled reader took {stuck.Stream.BytesSent} bytes into memory");
    }

    [Fact]
    public void AppReset_BecomesConnectError_AtTheOtherEnd()
    {
        Random random = new(3);
        using SessionPair pair = new();
        MemoryEndpoint server = new(random, []) { EndsSource = false };
        pair.ServerOwner.OnRequest = (stream, _) => stream.Accept(server, new ConnectResponse(200));
        MemoryEndpoint client = new(random, []) { EndsSource = false };
        client.Stream = pair.Client.Open(Request, client);
        pair.Until(() => client.Opened is not null, "open");
        client.ReadError = Errno.ECONNRESET;
        client.Stream.OnSourceReadable(true);
        Assert.Equal(CloseReason.AppReset, client.Closure!.Value.Reason);
        pair.Until(() => server.Closure is not null, "server's end");
        Assert.Equal((CloseReason.PeerReset, Http2Error.ConnectError, true), (server.Closure!.Value.Reason, server.Closure.Value.Code, server.Closure.Value.ByPeer));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(503)]
    public void Refusal_ReachesTheClient_AndOthersLiveOn(int status)
    {
        Random random = new(3);
        using SessionPair pair = new();
        int answered = 0;
        MemoryEndpoint server = new(random, Bytes(random, 10));
        pair.ServerOwner.OnRequest = (stream, _) =>
        {
            if (answered++ == 0)
            {
                stream.Refuse(status);
            }
            else
            {
                stream.Accept(server, new ConnectResponse(200));
                stream.OnSourceReadable(true);
            }
        };
        MemoryEndpoint refused = new(random, []);
        pair.Client.Open(Request, refused);
        pair.Until(() => refused.Closure is not null, "refusal");
        Assert.Equal((CloseReason.Refused, status), (refused.Closure!.Value.Reason, refused.Closure.Value.HttpStatus));
        MemoryEndpoint next = new(random, []);
        next.Stream = pair.Client.Open(Request, next);
        next.Stream.OnSourceReadable(true);
        pair.Until(
            () =>
            {
                next.Stream.OnSinkWritable();
                return next.Closure is not null;
            },
            "the next stream");
        Assert.True(next.Closure!.Value.Clean);
        Assert.Equal(10, next.Received.Length);
    }

    [Fact]
    public void Drain_RefusesNewStreams_AndClosesAfterTheLast()
    {
        Random random = new(5);
        using SessionPair pair = new();
        MemoryEndpoint server = new(random, []) { EndsSource = false };
        pair.ServerOwner.OnRequest = (stream, _) =>
        {
            server.Stream = stream;
            stream.Accept(server, new ConnectResponse(200));
        };
        MemoryEndpoint client = new(random, []) { EndsSource = false };
        client.Stream = pair.Client.Open(Request, client);
        pair.Until(() => client.Opened is not null, "open");
        pair.Server.Drain();
        pair.Until(() => pair.Client.Phase == SessionPhase.Draining, "GOAWAY at the client");
        Assert.False(pair.Client.CanOpen);
        MemoryEndpoint late = new(random, []);
        pair.Client.Open(Request, late);
        Assert.Equal(Http2Error.RefusedStream, late.Closure!.Value.Code);
        client.EndsSource = server.EndsSource = true;
        client.Stream.OnSourceReadable(true);
        server.Stream!.OnSourceReadable(true);
        pair.Until(() => pair.ServerOwner.Closed is not null && pair.ClientOwner.Closed is not null, "both closed");
        Assert.True(client.Closure!.Value.Clean);
    }

    [Fact]
    public void WrongIdentity_FailsEveryWaitingStream()
    {
        using SessionPair pair = new(expected: new PeerRequirement.AnyOf([SessionPair.Id("somebody-else")]));
        MemoryEndpoint client = new(new Random(1), []);
        pair.Client.Open(Request, client);
        pair.Until(() => client.Closure is not null, "failure");
        Assert.Equal(CloseReason.PeerIdentityMismatch, client.Closure!.Value.Reason);
        Assert.Empty(pair.ServerOwner.Requests);
    }

    [Fact]
    public void ManySmallStreams_ShareTheSession()
    {
        Random random = new(9);
        using SessionPair pair = new();
        List<MemoryEndpoint> servers = [];
        byte[] answer = Bytes(random, 144);
        pair.ServerOwner.OnRequest = (stream, _) =>
        {
            MemoryEndpoint endpoint = new(random, answer) { Stream = stream };
            servers.Add(endpoint);
            stream.Accept(endpoint, new ConnectResponse(200));
            stream.OnSourceReadable(true);
        };
        List<MemoryEndpoint> clients = [];
        for (int i = 0; i < 90; i++)
        {
            MemoryEndpoint endpoint = new(random, Bytes(random, 84));
            endpoint.Stream = pair.Client.Open(Request, endpoint);
            endpoint.Stream.OnSourceReadable(true);
            clients.Add(endpoint);
        }

        pair.Until(
            () =>
            {
                clients.ForEach(c => c.Stream!.OnSinkWritable());
                servers.ForEach(s => s.Stream!.OnSinkWritable());
                return clients.TrueForAll(c => c.Closure is not null);
            },
            "all closed");
        Assert.All(clients, c => Assert.True(c.Closure!.Value.Clean));
        Assert.All(clients, c => Assert.Equal(144, c.Received.Length));
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
