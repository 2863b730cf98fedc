using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;
using Ambient.Tls.Reference;

namespace Ambient.Tls.Tests.Records;

public sealed class RecordLayerTests
{
    private const byte Alert = 21;
    private const byte HandshakeType = 22;
    private const byte Data = 23;
    private const byte ChangeCipherSpec = 20;

    public static TheoryData<CipherSuite> Suites => [CipherSuite.Aes128Gcm, CipherSuite.Aes256Gcm, CipherSuite.ChaCha20Poly1305];

    /// <summary>Client and server layers of one fresh connection, each side own or reference.</summary>
    private static (RecordLayer Client, RecordLayer Server) Connect(CipherPreference preference, bool clientReference, bool serverReference)
    {
        TestAuthority root = TestAuthority.Root();
        var settings = new TlsSettings { TimeProvider = new FixedTime(TestAuthority.Now), CipherPreference = preference };
        using TlsContext client = TlsContext.Create(root.Issue(HandshakePair.ClientId), settings with { ReferenceRecords = clientReference });
        using TlsContext server = TlsContext.Create(root.Issue(HandshakePair.ServerId), settings with { ReferenceRecords = serverReference });
        using HandshakePair pair = HandshakePair.Make(client, server);
        Assert.Equal((HandshakeStatus.Completed, HandshakeStatus.Completed), pair.Run());
        return (pair.Client.TakeRecordLayer(), pair.Server.TakeRecordLayer());
    }

    private static (EvpRecordLayer A, EvpRecordLayer B) OwnPair(CipherSuite suite = CipherSuite.Aes128Gcm, KeyLimits? limits = null)
    {
        byte[] one = new byte[KeySchedule.SecretLength(suite)];
        byte[] two = new byte[one.Length];
        Random.Shared.NextBytes(one);
        Random.Shared.NextBytes(two);
        return (new EvpRecordLayer(State(suite, true, one, two), limits), new EvpRecordLayer(State(suite, false, two, one), limits));
    }

    private static TrafficState State(CipherSuite suite, bool isClient, byte[] write, byte[] read) =>
        new() { CipherSuite = suite, IsClient = isClient, WriteSecret = [.. write], ReadSecret = [.. read] };

    /// <summary>A record of any inner content, sealed as the peer of the layer would.</summary>
    private static unsafe byte[] Forge(ref TrafficKey key, byte[] content, byte type, int padding = 0)
    {
        byte[] record = new byte[5 + content.Length + 1 + padding + 16];
        int body = record.Length - 5;
        new byte[] { 23, 3, 3, (byte)(body >> 8), (byte)body }.CopyTo(record, 0);
        content.CopyTo(record, 5);
        record[5 + content.Length] = type;
        fixed (byte* pointer = record)
        {
            Assert.True(key.Encrypt(pointer, body - 16));
        }

        return record;
    }

    private static EvpRecordLayer Under(out TrafficKey peer, bool isClient = true)
    {
        byte[] secret = new byte[32];
        Random.Shared.NextBytes(secret);
        peer = new TrafficKey(CipherSuite.Aes128Gcm, secret, 0, encrypt: true);
        return new EvpRecordLayer(State(CipherSuite.Aes128Gcm, isClient, new byte[32], secret));
    }

    [Theory]
    [InlineData(CipherPreference.Aes128First)]
    [InlineData(CipherPreference.Aes256First)]
    [InlineData(CipherPreference.ChaCha20First)]
    public void OwnAndReference_AgreeOnAnyTraffic(CipherPreference preference)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int run = 0; run < 4; run++)
        {
            bool ownClient = run % 2 == 0;
            var (client, server) = Connect(preference, clientReference: !ownClient, serverReference: ownClient);
            using (client)
            using (server)
            {
                var reference = (ReferenceRecordLayer)(ownClient ? server : client);
                RecordLayer own = ownClient ? client : server;
                for (int step = 0; step < 150; step++)
                {
                    Step(random, own, reference, seed);
                }

                Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(own, RecordPair.CloseNotify(reference)).Status);
                Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(reference, RecordPair.CloseNotify(own)).Status);
            }
        }
    }

    private static void Step(Random random, RecordLayer own, ReferenceRecordLayer reference, int seed)
    {
        switch (random.Next(8))
        {
            case 0:
                // The peer updates its keys, and perhaps wants ours updated.
                Assert.True(reference.RequestKeyUpdate(ofPeerToo: random.Next(2) == 0), $"seed {seed}");
                Assert.Equal(OpenStatus.Nothing, RecordPair.Open(own, RecordPair.Control(reference)).Status);
                byte[] answer = RecordPair.Control(own);
                Assert.False(own.HasPendingControl);
                if (answer.Length > 0)
                {
                    Assert.Equal(OpenStatus.Nothing, RecordPair.Open(reference, answer).Status);
                }

                break;
            case 1:
                own.ReleaseIdleMemory();
                break;
            case < 5:
                RecordPair.Transfer(own, reference, 1 + random.Next(RecordLayer.MaxPlaintext));
                break;
            default:
                RecordPair.Transfer(reference, own, 1 + random.Next(RecordLayer.MaxPlaintext));
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Seal_AtItsLimit_AsksForAKeyUpdateAndGoesOn(CipherSuite suite)
    {
        var (a, b) = OwnPair(suite, new KeyLimits(UpdateAfter: 5, RefuseAfter: 8));
        using (a)
        using (b)
        {
            int updates = 0;
            for (int i = 0; i < 50; i++)
            {
                RecordPair.Transfer(a, b, 100);
                if (a.HasPendingControl)
                {
                    Assert.Equal(OpenStatus.Nothing, RecordPair.Open(b, RecordPair.Control(a)).Status);
                    updates++;
                }
            }

            Assert.InRange(updates, 6, 10);
            Assert.False(b.HasPendingControl);
        }
    }

    [Fact]
    public unsafe void Seal_BeyondItsLimitWithoutKeyUpdate_IsRefused()
    {
        var (a, b) = OwnPair(CipherSuite.Aes128Gcm, new KeyLimits(UpdateAfter: 2, RefuseAfter: 4));
        using (a)
        using (b)
        {
            for (int i = 0; i < 4; i++)
            {
                RecordPair.Transfer(a, b, 10);
            }

            byte* record = stackalloc byte[64];
            Assert.True(a.Seal(record, 10) < 0);
            Assert.Equal(OpenStatus.Nothing, RecordPair.Open(b, RecordPair.Control(a)).Status);
            RecordPair.Transfer(a, b, 10);
        }
    }

    [Fact]
    public void KeyUpdateRequested_IsAnsweredOnce_AndBothDirectionsGoOn()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, [24, 0, 0, 1, 1], HandshakeType)).Status);
        peer.Update();
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, [24, 0, 0, 1, 1], HandshakeType)).Status);
        peer.Update();
        Assert.NotEmpty(RecordPair.Control(layer));
        Assert.False(layer.HasPendingControl);
        Assert.Equal([7], RecordPair.Opened(layer, Forge(ref peer, [7], Data)));
        peer.Dispose();
    }

    [Fact]
    public void Tickets_SplitAndJoined_AreIgnored()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        byte[] ticket = [4, 0, 1, 0, .. new byte[256]];
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, [.. ticket, .. ticket], HandshakeType)).Status);
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, ticket[..2], HandshakeType)).Status);
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, ticket[2..], HandshakeType)).Status);
        Assert.Equal([1, 2], RecordPair.Opened(layer, Forge(ref peer, [1, 2], Data, padding: 500)));
        peer.Dispose();
    }

    public static TheoryData<byte[], byte, RecordFailure> Refused => new()
    {
        { [24, 0, 0, 1, 2], HandshakeType, RecordFailure.Malformed },
        { [24, 0, 0, 2, 0, 0], HandshakeType, RecordFailure.Malformed },
        { [24, 0, 0, 1, 0, 24, 0, 0, 1, 0], HandshakeType, RecordFailure.UnexpectedMessage },
        { [4, 0, 0, 0], HandshakeType, RecordFailure.Malformed },
        { [4, 255, 255, 255, 1], HandshakeType, RecordFailure.Malformed },
        { [13, 0, 0, 1, 0], HandshakeType, RecordFailure.UnexpectedMessage },
        { [1, 0, 0, 1, 0], HandshakeType, RecordFailure.UnexpectedMessage },
        { [], HandshakeType, RecordFailure.UnexpectedMessage },
        { [1], Alert, RecordFailure.Malformed },
        { [1, 0, 0], Alert, RecordFailure.Malformed },
        { [2, 40], Alert, RecordFailure.PeerAlert },
        { [1], ChangeCipherSpec, RecordFailure.UnexpectedMessage },
        { [1], 99, RecordFailure.UnexpectedType },
        { [], 0, RecordFailure.UnexpectedMessage },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Open_OfForbiddenContent_FailsAndTellsThePeer(byte[] content, byte type, RecordFailure expected)
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        OpenResult result = RecordPair.Open(layer, Forge(ref peer, content, type));

        Assert.Equal((OpenStatus.Failed, expected), (result.Status, result.Failure));
        Assert.Equal(expected != RecordFailure.PeerAlert, RecordPair.Control(layer).Length > 0);
        Assert.Equal(OpenStatus.Failed, RecordPair.Open(layer, Forge(ref peer, [1], Data)).Status);
        Assert.Equal(expected == RecordFailure.PeerAlert ? 40 : 0, layer.PeerAlert);
        Assert.NotEmpty(RecordFailures.Describe(expected));
        peer.Dispose();
    }

    [Fact]
    public void Server_IsNotSentTickets()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer, isClient: false);
        Assert.Equal(RecordFailure.UnexpectedMessage, RecordPair.Open(layer, Forge(ref peer, [4, 0, 0, 1, 0], HandshakeType)).Failure);
        peer.Dispose();
    }

    [Fact]
    public void DataInsideAHalfMessage_IsRefused()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        RecordPair.Open(layer, Forge(ref peer, [4, 0], HandshakeType));
        Assert.Equal(RecordFailure.UnexpectedMessage, RecordPair.Open(layer, Forge(ref peer, [1], Data)).Failure);
        peer.Dispose();
    }

    [Fact]
    public void EmptyRecords_InARow_EndTheConnection()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        for (int i = 0; i < 32; i++)
        {
            Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, [], Data)).Status);
        }

        Assert.Equal(RecordFailure.TooManyEmpty, RecordPair.Open(layer, Forge(ref peer, [], Data)).Failure);
        peer.Dispose();
    }

    [Fact]
    public void UserCanceled_IsFollowedByCloseNotify()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        Assert.Equal(OpenStatus.Nothing, RecordPair.Open(layer, Forge(ref peer, [1, 90], Alert)).Status);
        Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(layer, Forge(ref peer, [1, 0], Alert)).Status);
        Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(layer, [1, 2, 3]).Status);
        peer.Dispose();
    }

    [Fact]
    public void PlaintextTooLong_Overflows()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        Assert.Equal(RecordFailure.Overflow, RecordPair.Open(layer, Forge(ref peer, new byte[16384], Data, padding: 1)).Failure);
        peer.Dispose();
    }

    [Fact]
    public void RecordTooLong_Overflows()
    {
        using EvpRecordLayer layer = Under(out TrafficKey peer);
        byte[] record = new byte[RecordLayer.MaxRecord + 1];
        new byte[] { 23, 3, 3, (byte)((record.Length - 5) >> 8), (byte)(record.Length - 5) }.CopyTo(record, 0);
        Assert.Equal(RecordFailure.Overflow, RecordPair.Open(layer, record).Failure);
        peer.Dispose();
    }

    [Fact]
    public void ReplayedReorderedOrTruncatedRecords_FailAuthentication()
    {
        for (int what = 0; what < 3; what++)
        {
            var (a, b) = OwnPair();
            using (a)
            using (b)
            {
                byte[] first = RecordPair.Sealed(a, [1, 2, 3]);
                byte[] second = RecordPair.Sealed(a, [4, 5, 6]);
                byte[] bad;
                if (what == 0)
                {
                    RecordPair.Opened(b, first);
                    bad = first;
                }
                else if (what == 1)
                {
                    bad = second;
                }
                else
                {
                    bad = first[..^1];
                    bad[4]--;
                }

                Assert.Equal(RecordFailure.BadMac, RecordPair.Open(b, bad).Failure);
                Assert.True(b.HasPendingControl);
            }
        }
    }

    [Fact]
    public void Garbage_NeverThrowsAndNeverOpens()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++)
        {
            var (a, b) = OwnPair((CipherSuite)(0x1301 + (i % 3)));
            using (a)
            using (b)
            {
                byte[] record = RecordPair.Sealed(a, new byte[1 + random.Next(200)]);
                if (i % 4 == 0)
                {
                    record = new byte[random.Next(300)];
                    random.NextBytes(record);
                }
                else
                {
                    record[random.Next(record.Length)] ^= (byte)(1 << random.Next(8));
                }

                Assert.True(RecordPair.Open(b, record).Status == OpenStatus.Failed, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Export_MovesALiveConnection()
    {
        var (a, b) = OwnPair(CipherSuite.Aes256Gcm);
        using (a)
        {
            RecordPair.Transfer(a, b, 1000);
            RecordPair.Transfer(b, a, 1000);
            using TrafficState state = b.Export();
            b.Dispose();
            using RecordLayer moved = RecordLayer.Import(state);
            RecordPair.Transfer(a, moved, 1000);
            RecordPair.Transfer(moved, a, 1000);
        }
    }

    [Fact]
    public unsafe void DisposedLayer_RefusesEverything()
    {
        var (a, b) = OwnPair();
        a.Dispose();
        b.Dispose();
        byte* record = stackalloc byte[64];
        Assert.True(a.Seal(record, 1) < 0);
        Assert.Equal(OpenStatus.Failed, a.Open(record, 22).Status);
        Assert.Equal(0, a.PendingControl(record, 64));
        Assert.Equal(0, a.CloseNotify(record, 64));
    }

    [Fact]
    public unsafe void SealAndOpen_AllocateNothing()
    {
        var (a, b) = OwnPair();
        byte* record = stackalloc byte[4096];
        a.Seal(record, 1000);
        b.Open(record, 1022);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            int length = a.Seal(record, 1000);
            b.Open(record, length);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        a.Dispose();
        b.Dispose();
    }
}
