using Ambient.Hbone.Frames;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>The attack list of HTTP/2: each ends with ENHANCE_YOUR_CALM long before it costs anything; and whatever comes, nothing is thrown.</summary>
public sealed class Http2AbuseTests
{
    private const byte Whole = FrameFlags.EndHeaders;

    public static TheoryData<string> Floods() => ["rapid reset", "pings", "settings", "empty data", "priorities", "unknown frames", "tiny window updates", "streams beyond the limit", "malformed requests"];

    [Theory]
    [MemberData(nameof(Floods))]
    public void Flood_IsCutOff(string kind)
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say(Wire.Frame(FrameType.Headers, Whole, 1, Wire.Block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"))));
        int rounds = 0;
        List<string> said = [];
        while (!connection.Memory.IsFinished && rounds < 20_000)
        {
            rounds++;
            said = connection.Say(Round(kind, rounds));
        }

        Assert.Equal("GoAway EnhanceYourCalm", said[^1]);
        Assert.InRange(rounds, 1, 10_000);
        Assert.NotNull(connection.Requests[0].Lost);
    }

    [Fact]
    public void PingForEveryAnswer_IsHowGrpcMeasures_NotAFlood()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        for (int round = 0; round < 3000; round++)
        {
            int stream = (2 * round) + 1;
            connection.Say(Wire.Get(stream));
            connection.Requests[^1].SendData(new byte[5]);
            connection.Requests[^1].SendEnd(null);
            connection.Memory.TakeSent();
            Assert.Equal(["Ping 0"], connection.Say(Wire.Frame(FrameType.Ping, 0, 0, new byte[8])));
            connection.Say(Wire.Frame(FrameType.WindowUpdate, 0, 0, Wire.Number(2000)));
        }
    }

    [Fact]
    public void DefectInARequest_CostsThatOneAlone()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        byte[] post = Wire.Block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"));
        connection.Say([.. Wire.Frame(FrameType.Headers, Whole, 1, post), .. Wire.Frame(FrameType.Headers, Whole, 3, post)]);
        connection.Requests[0].IsBroken = true;
        Assert.Equal(["Reset 1 InternalError"], connection.Say(Wire.Frame(FrameType.Data, 0, 1, 1)));
        connection.Say(Wire.Frame(FrameType.Data, 0, 3, 1));
        Assert.Equal(1, connection.Requests[1].Received);
        Assert.NotNull(connection.Requests[0].Lost);
    }

    [Fact]
    public void HeaderBlock_OfManyContinuations_IsCutOff()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        List<string> said = connection.Say(Wire.Frame(FrameType.Headers, 0, 1));
        for (int i = 0; i < 20 && !connection.Memory.IsFinished; i++)
        {
            said = connection.Say(Wire.Frame(FrameType.Continuation, 0, 1));
        }

        Assert.Equal(["GoAway EnhanceYourCalm"], said);
    }

    [Fact]
    public void HeaderBomb_IsNotKept()
    {
        // One entry of the table, named again and again: small on the wire, large in memory.
        using ProbeConnection connection = ProbeConnection.Begin();
        byte[] entry = [.. Wire.Block((":method", "GET")), 0x40, 1, (byte)'x', 0x7f, 0xa1, 0x1d, .. new byte[3872].Select(static _ => (byte)'y')];
        byte[] bomb = [.. entry, .. Enumerable.Repeat((byte)0xbe, 8000)];
        Assert.Equal(["Reset 1 ProtocolError"], connection.Say(Wire.Frame(FrameType.Headers, Whole, 1, bomb)));
        Assert.Empty(connection.Requests);
    }

    [Fact]
    public void WhateverComes_NothingIsThrown_AndItStaysBounded()
    {
        int seed = Environment.TickCount;
        for (int round = 0; round < 300; round++)
        {
            Random random = new(seed + round);
            using ProbeConnection connection = ProbeConnection.Begin();
            try
            {
                for (int i = 0; i < 200 && !connection.Memory.IsFinished; i++)
                {
                    connection.Say(Mutated(random));
                    if (connection.Requests.Count > 0 && random.Next(3) == 0)
                    {
                        connection.Requests[random.Next(connection.Requests.Count)].SendData(new byte[random.Next(5000)]);
                    }

                    if (connection.Requests.Count > 0 && random.Next(5) == 0)
                    {
                        connection.Requests[random.Next(connection.Requests.Count)].SendEnd(null);
                    }
                }

                Assert.InRange(connection.ActiveStreams, 0, 250);
                connection.Memory.Abort("over");
                Assert.Equal(0, connection.ActiveStreams);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed + round}: {e}");
            }
        }
    }

    private static byte[] Mutated(Random random)
    {
        int stream = random.Next(0, 12);
        byte[] payload = new byte[random.Next(40)];
        random.NextBytes(payload);
        byte[] bytes = random.Next(8) switch
        {
            0 => Wire.Get(stream | 1),
            1 => Wire.Frame(FrameType.Headers, Whole, stream | 1, Wire.Block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"), ("content-length", $"{random.Next(50)}"))),
            2 => Wire.Frame(FrameType.Data, (byte)random.Next(16), stream, payload),
            3 => Wire.Frame(FrameType.RstStream, 0, stream, Wire.Number((uint)random.Next(14))),
            4 => Wire.Frame(FrameType.WindowUpdate, 0, stream, Wire.Number((uint)random.Next(100_000))),
            5 => Wire.Frame(FrameType.Settings, 0, 0, [0, (byte)random.Next(8), .. Wire.Number((uint)random.Next(70_000))]),
            6 => Wire.Frame((FrameType)random.Next(12), (byte)random.Next(256), stream, payload),
            _ => Wire.Frame(FrameType.Headers, (byte)random.Next(64), stream | 1, payload),
        };
        if (random.Next(10) == 0)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return bytes;
    }

    private static byte[] Round(string kind, int round)
    {
        int stream = (2 * round) + 1;
        return kind switch
        {
            "rapid reset" => [.. Wire.Get(stream), .. Wire.Frame(FrameType.RstStream, 0, stream, Wire.Number(8))],
            "pings" => Wire.Frame(FrameType.Ping, 0, 0, new byte[8]),
            "settings" => Wire.Frame(FrameType.Settings, 0, 0, [0, 3, .. Wire.Number(100)]),
            "empty data" => Wire.Frame(FrameType.Data, 0, 1),
            "priorities" => Wire.Frame(FrameType.Priority, 0, 1, new byte[5]),
            "unknown frames" => Wire.Frame((FrameType)200, 0, 0),
            "tiny window updates" => Wire.Frame(FrameType.WindowUpdate, 0, 1, Wire.Number(1)),
            "streams beyond the limit" => Wire.Get(stream),
            _ => Wire.Get(stream, ("Upper", "case")),
        };
    }
}
