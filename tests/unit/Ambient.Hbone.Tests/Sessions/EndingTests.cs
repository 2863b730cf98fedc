using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Abuse;
using Ambient.Mesh.Connections;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>A session that is drained costs nobody a stream or a byte.</summary>
public sealed class EndingTests
{
    private static readonly ConnectRequest Request = new() { Authority = "10.0.0.2:8080" };

    [Fact]
    public void LastBytesBeforeADrainedSessionCloses_Arrive_AlsoWhenTheSocketIsFull()
    {
        using SessionPair pair = new();
        MemoryEndpoint server = new(new Random(1), new byte[230_000]) { Greedy = true };
        pair.ServerOwner.OnRequest = (stream, _) =>
        {
            server.Stream = stream;
            stream.Accept(server, new ConnectResponse(200));
        };
        MemoryEndpoint client = new(new Random(1), []) { Greedy = true };
        client.Stream = pair.Client.Open(Request, client);
        client.Stream.OnSourceReadable(ended: true);
        pair.Until(() => server.PeerEnded, "the client's end");
        pair.Server.Drain();
        pair.Until(() => pair.Client.Phase == SessionPhase.Draining, "GOAWAY at the client");

        // More than a socket takes at once, and the end, within one turn.
        for (int i = 0; i < 10 && server.Closure is null; i++)
        {
            server.Stream!.OnSourceReadable(ended: true);
        }

        Assert.True(server.Closure!.Value.Clean);
        pair.Until(() => pair.ServerOwner.Closed is not null && pair.ClientOwner.Closed is not null, "both sessions closed");
        Assert.True(client.Closure!.Value.Clean, client.Closure.ToString());
        Assert.Equal(230_000, client.Received.Length);
    }

    [Fact]
    public void Drain_TakesStreamsThatWereOnTheirWay()
    {
        using RawPeer peer = RawPeer.Client();
        peer.Owner.OnRequest = (stream, _) => stream.Accept(new MemoryEndpoint(new Random(1), []) { EndsSource = false }, new ConnectResponse(200));
        peer.Session.Drain();
        peer.Send(Connect(1));
        peer.Until(() => peer.Owner.Requests.Count == 1, "the stream that crossed the GOAWAY");
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Headers && f.Stream == 1), "its answer");
        Assert.Null(peer.ResetOf(1));

        byte[] ping = peer.Received().First(f => f.Type == FrameType.Ping).Payload;
        peer.Send(Frame(FrameType.Ping, Ack, 0, ping), Connect(3));
        peer.Until(() => peer.ResetOf(3) is not null, "the refusal of a late one");
        Assert.Equal(Http2Error.RefusedStream, peer.ResetOf(3));
        Assert.Single(peer.Owner.Requests);

        peer.Send(Data(1, 0, EndStream), Reset(1));
        peer.Until(peer.IsClosed, "the end of the connection");
    }

    [Fact]
    public void DrainedPeerThatStaysConnected_IsLeftInTheEnd()
    {
        using RawPeer peer = RawPeer.Server(new HboneSettings { CloseTimeout = TimeSpan.FromMilliseconds(50) });
        peer.Session.Drain();
        Assert.Equal(SessionPhase.Closing, peer.Session.Phase);
        peer.Until(() => peer.Owner.Closed is not null, "the session's end");
        Assert.Equal(CloseReason.Completed, peer.Owner.Closed!.Value.Reason);
    }
}
