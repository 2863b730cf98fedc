using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>Frames that are each allowed and in number an attack: the session ends with ENHANCE_YOUR_CALM, and has kept nothing.</summary>
public sealed class FloodTests
{
    private const int Rounds = 400;
    private const int PerRound = 50;

    private static readonly (string Name, Func<int, byte[][]> Make)[] Floods =
    [
        ("rapid reset (CVE-2023-44487)", i => [Connect(Odd(i)), Reset(Odd(i))]),
        ("resets provoked by a window update of 0 (MadeYouReset)", i => [Connect(Odd(i)), WindowUpdate(Odd(i), 0)]),
        ("resets provoked by malformed requests", i => [Request(Odd(i), (":method", "CONNECT"), (":authority", "a:1"), ("connection", "close"))]),
        ("refused requests", i => [Request(Odd(i), (":method", "GET"), (":authority", "a"), (":scheme", "https"), (":path", "/"))]),
        ("pings", _ => [Frame(FrameType.Ping, 0, 0, new byte[8])]),
        ("pings' answers that nobody waits for", _ => [Frame(FrameType.Ping, Ack, 0, new byte[8])]),
        ("settings", _ => [Settings((4, 65_535))]),
        ("acknowledgements of nothing", _ => [Frame(FrameType.Settings, Ack, 0)]),
        ("empty DATA frames", i => i == 0 ? [Connect(1)] : [Data(1, 0)]),
        ("priorities", i => [Frame(FrameType.Priority, 0, Odd(i), 0, 0, 0, 0, 1)]),
        ("unknown frames", _ => [Frame((FrameType)0x42, 0, 0)]),
        ("window updates of one byte", _ => [WindowUpdate(0, 1)]),
    ];

    public static TheoryData<string> Names => new(Floods.Select(f => f.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Flood_EndsTheSession(string name)
    {
        // Time refills the budget: with a clock that stands, a slow machine cannot make an attack a moderate one.
        Func<int, byte[][]> make = Floods.Single(f => f.Name == name).Make;
        using RawPeer peer = RawPeer.Client(clock: new StoppedClock());
        int n = 0;
        for (int round = 0; round < Rounds && !peer.IsClosed(); round++)
        {
            peer.Send([.. Enumerable.Range(0, PerRound).SelectMany(_ => make(n++))]);
        }

        peer.Until(peer.IsClosed, $"the end after {n} attempts");
        Assert.Equal(Http2Error.EnhanceYourCalm, peer.GoAway);
        Assert.Equal(0, peer.Session.ActiveStreams);
    }

    [Fact]
    public void ResetsOfAnsweredStreams_AreFree()
    {
        // Applications that close by reset share their tunnel with others.
        using RawPeer peer = RawPeer.Client();
        peer.Owner.OnRequest = (stream, _) => stream.Accept(new MemoryEndpoint(new Random(1), []) { EndsSource = false }, new ConnectResponse(200));
        for (int i = 0; i < 12_000; i += 100)
        {
            peer.Send([.. Enumerable.Range(i, 100).Select(n => Connect(Odd(n)))]);
            int answered = i + 100;
            peer.Until(() => peer.Received().Count(f => f.Type == FrameType.Headers) == answered, "answers");
            peer.Send([.. Enumerable.Range(i, 100).SelectMany(n => new[] { Reset(Odd(n)), Reset(Odd(n)) })]);
        }

        peer.Until(() => peer.Session.ActiveStreams == 0, "the last reset");
        Assert.Null(peer.GoAway);
        Assert.Null(peer.Owner.Closed);
    }

    [Fact]
    public void EndlessContinuation_IsCutOff()
    {
        using RawPeer peer = RawPeer.Client();
        peer.Send(Frame(FrameType.Headers, 0, 1, Block((":method", "CONNECT"))));
        byte[] more = Frame(FrameType.Continuation, 0, 1, Block(("baggage", new string('x', 8_000))));
        for (int i = 0; i < 2_000 && !peer.IsClosed(); i++)
        {
            peer.Send(more);
        }

        peer.Until(peer.IsClosed, "the end");
        Assert.Equal(Http2Error.EnhanceYourCalm, peer.GoAway);
    }

    [Fact]
    public void EmptyContinuations_AreCutOff()
    {
        using RawPeer peer = RawPeer.Client();
        peer.Send(Frame(FrameType.Headers, 0, 1, Block((":method", "CONNECT"))));
        byte[] empty = Frame(FrameType.Continuation, 0, 1);
        for (int i = 0; i < 200 && !peer.IsClosed(); i++)
        {
            peer.Send([.. Enumerable.Repeat(empty, 50)]);
        }

        peer.Until(peer.IsClosed, "the end");
        Assert.Equal(Http2Error.EnhanceYourCalm, peer.GoAway);
    }

    [Fact]
    public void HeaderListThatIsTooLarge_IsRefused_AndTheSessionLives()
    {
        // One entry of the dynamic table, referred to again and again: little on the wire, much in memory (HPACK bomb).
        var block = new List<byte>(Block((":method", "CONNECT"), (":authority", "a:1")));
        const int length = 127 + 1 + (30 * 128);
        block.AddRange([0x40, 1, (byte)'z', 127, 0x81, 0x1e, .. Enumerable.Repeat((byte)'y', length)]);
        block.AddRange(Enumerable.Repeat((byte)(0x80 | 62), 2_000));
        using RawPeer peer = RawPeer.Client();
        peer.Send(Frame(FrameType.Headers, EndHeaders, 1, [.. block]));
        peer.Until(() => peer.IsClosed() || peer.Received().Any(f => f.Stream == 1), "the answer");
        Assert.Empty(peer.Owner.Requests);

        // One request was refused, not the peer.
        Assert.False(peer.IsClosed());
        Assert.Null(peer.GoAway);
        peer.Send(Connect(3));
        peer.Until(() => peer.Owner.Requests.Count == 1, "the next request");
    }

    [Fact]
    public void MoreStreamsThanAllowed_AreRefused_TheOthersLive()
    {
        var settings = new HboneSettings { MaxConcurrentStreams = 10 };
        using RawPeer peer = RawPeer.Client(settings);
        peer.Send([.. Enumerable.Range(0, 20).Select(i => Connect(Odd(i)))]);
        peer.Until(() => peer.Received().Count(f => f.Type == FrameType.RstStream) == 10, "ten refusals");
        Assert.All(Enumerable.Range(10, 10), i => Assert.Equal(Http2Error.RefusedStream, peer.ResetOf(Odd(i))));
        Assert.Equal(10, peer.Owner.Requests.Count);
    }

    [Fact]
    public void RandomFrames_NeverBreakTheSessionOrItsMemory()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        try
        {
            for (int i = 0; i < 60; i++)
            {
                SendRandomFrames(random);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}", e);
        }
    }

    private static void SendRandomFrames(Random random)
    {
        // Disposing asserts that no buffer leaked and nothing was thrown.
        using RawPeer peer = RawPeer.Client();
        for (int n = 0; n < 20 && !peer.IsClosed(); n++)
        {
            peer.Send(RandomFrame(random, 5, _ => Connect(Odd(random.Next(4)))));
        }
    }

    private static int Odd(int i) => (i * 2) + 1;

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
