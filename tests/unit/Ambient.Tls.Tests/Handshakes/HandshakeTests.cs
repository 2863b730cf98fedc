using Ambient.Identity.Certificates;
using Ambient.Mesh.Connections;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Tests.Handshakes;

public sealed class HandshakeTests
{
    private static readonly FixedTime Clock = new(TestAuthority.Now);
    private static readonly TlsSettings Settings = new() { TimeProvider = Clock };

    [Theory]
    [InlineData(CipherPreference.Aes128First, CipherSuite.Aes128Gcm, false)]
    [InlineData(CipherPreference.Aes256First, CipherSuite.Aes256Gcm, false)]
    [InlineData(CipherPreference.ChaCha20First, CipherSuite.ChaCha20Poly1305, false)]
    [InlineData(CipherPreference.Aes128First, CipherSuite.Aes128Gcm, true)]
    public unsafe void Handshake_BetweenWorkloadsOfOneRoot_CompletesAndCarriesData(CipherPreference preference, CipherSuite suite, bool reference)
    {
        TestAuthority root = TestAuthority.Root();
        TlsSettings settings = Settings with { CipherPreference = preference, ReferenceRecords = reference };
        using TlsContext client = TlsContext.Create(root.Issue(HandshakePair.ClientId), settings);
        using TlsContext server = TlsContext.Create(root.Intermediate("mid").Issue(HandshakePair.ServerId), settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        Assert.Equal((HandshakeStatus.Completed, HandshakeStatus.Completed), pair.Run());

        Assert.Equal(HandshakePair.ServerId, pair.Client.Peer!.Identity!.ToString());
        Assert.Equal(HandshakePair.ClientId, pair.Server.Peer!.Identity!.ToString());
        Assert.Equal(3, pair.Client.Peer.Chain.Count);
        using RecordLayer a = pair.Client.TakeRecordLayer();
        using RecordLayer b = pair.Server.TakeRecordLayer();
        Assert.Equal(suite, a.CipherSuite);
        for (int i = 0; i < 20; i++)
        {
            RecordPair.Transfer(a, b, 1 + (i * 800));
            RecordPair.Transfer(b, a, 16384 - i);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(2000)]
    public void Handshake_FedInPieces_Completes(int chunk)
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(context, context);

        Assert.Equal((HandshakeStatus.Completed, HandshakeStatus.Completed), pair.Run(chunk));
    }

    [Fact]
    public unsafe void Advance_WithApplicationRecordsBehindTheFinished_LeavesThemAlone()
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(context, context);
        pair.Client.Advance([], out _);
        pair.Server.Advance(pair.Client.Output, out _);
        pair.Client.AdvanceOutput(pair.Client.Output.Length);
        Assert.Equal(HandshakeStatus.Completed, pair.Client.Advance(pair.Server.Output, out _));
        byte[] finished = pair.Client.Output.ToArray();
        using RecordLayer client = pair.Client.TakeRecordLayer();
        byte[] record = RecordPair.Sealed(client, [1, 2, 3]);

        Assert.Equal(HandshakeStatus.Completed, pair.Server.Advance([.. finished, .. record], out int consumed));

        Assert.Equal(finished.Length, consumed);
        using RecordLayer server = pair.Server.TakeRecordLayer();
        Assert.Equal([1, 2, 3], RecordPair.Opened(server, record));
    }

    [Fact]
    public void TakeRecordLayer_BeforeOutputIsSent_KeepsTheOutput()
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(context, context);
        pair.Client.Advance([], out _);
        pair.Server.Advance(pair.Client.Output, out _);
        pair.Client.AdvanceOutput(pair.Client.Output.Length);
        pair.Client.Advance(pair.Server.Output, out _);
        byte[] before = pair.Client.Output.ToArray();
        using RecordLayer layer = pair.Client.TakeRecordLayer();

        Assert.NotEmpty(before);
        Assert.Equal(before, pair.Client.Output.ToArray());
        pair.Client.AdvanceOutput(before.Length);
        Assert.True(pair.Client.Output.IsEmpty);
        Assert.Throws<InvalidOperationException>(pair.Client.TakeRecordLayer);
    }

    // Wrong in either role.
    private static readonly (string What, string Text)[] BadPeers =
    [
        ("expired", "expired at 2026-05-31"),
        ("future", "not valid before 2026-06-02"),
        ("foreign-root", "no path from the peer's certificate to a trusted root"),
        ("self-signed", "self-signed and not trusted"),
        ("no-san", "has no SPIFFE URI SAN"),
        ("not-spiffe", "has no SPIFFE URI SAN"),
        ("nul", "a URI SAN contains a NUL byte"),
        ("authority", "is an authority's, not a workload's"),
        ("no-signature-usage", "keyUsage of the peer's certificate does not allow digital signatures"),
        ("unknown-critical", "unknown critical extension"),
        ("expired-intermediate", "an intermediate certificate expired"),
        ("not-authority", "may not sign certificates"),
        ("path-length", "intermediates below it"),
        ("too-long", "the peer presented 9 certificates, allowed are 8"),
    ];

    public static TheoryData<string, string> BadServers => Rows(
    [
        .. BadPeers,
        ("other-identity", "expected spiffe://cluster.local/ns/default/sa/server"),
        ("foreign-domain", "the peer is spiffe://other.domain/ns/default/sa/server"),
        ("client-only", "extendedKeyUsage does not allow serverAuth"),
    ]);

    public static TheoryData<string, string> BadClients => Rows(
    [
        .. BadPeers,
        ("foreign-domain", "not of the trust domain cluster.local"),
        ("server-only", "extendedKeyUsage does not allow clientAuth"),
    ]);

    [Theory]
    [MemberData(nameof(BadServers))]
    public void Client_OfBadServer_FailsWithAClearText(string what, string text)
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext client = TlsContext.Create(root.Issue(HandshakePair.ClientId), Settings);
        using TlsContext server = TlsContext.Create(BadCertificates.Make(what, root, HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        (HandshakeStatus clientStatus, HandshakeStatus serverStatus) = pair.Run();

        Assert.Equal(HandshakeStatus.Failed, clientStatus);
        Assert.Contains(text, pair.Client.Failure!.Text, StringComparison.Ordinal);
        Assert.Null(pair.Client.Peer);
        Assert.Equal(HandshakeStatus.Failed, serverStatus);
        Assert.Contains("the peer refused the handshake with the alert", pair.Server.Failure!.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadClients))]
    public void Server_OfBadClient_FailsWithAClearText(string what, string text)
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext client = TlsContext.Create(BadCertificates.Make(what, root, HandshakePair.ClientId), Settings);
        using TlsContext server = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        (_, HandshakeStatus status) = pair.Run();

        Assert.Equal(HandshakeStatus.Failed, status);
        Assert.Contains(text, pair.Server.Failure!.Text, StringComparison.Ordinal);
        Assert.Null(pair.Server.Peer);
    }

    [Fact]
    public void TwoUriSans_AnyMatchesForTheClient_FirstIsTheIdentity()
    {
        TestAuthority root = TestAuthority.Root();
        const string first = "spiffe://cluster.local/ns/a/sa/first";
        using TlsContext client = TlsContext.Create(root.Issue(HandshakePair.ClientId), Settings);
        using TlsContext server = TlsContext.Create(
            root.Issue(HandshakePair.ServerId, new Leaf { Uris = ["https://not.spiffe/", first, HandshakePair.ServerId] }), Settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        Assert.Equal((HandshakeStatus.Completed, HandshakeStatus.Completed), pair.Run());
        Assert.Equal(first, pair.Client.Peer!.Identity!.ToString());
        Assert.Equal(2, pair.Client.Peer.Identities.Count);
    }

    [Fact]
    public void EmptyExpectation_AcceptsNobody()
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using HandshakePair pair = HandshakePair.Make(context, context, HandshakePair.Expect());

        Assert.Equal(HandshakeStatus.Failed, pair.Run().Client);
        Assert.Equal(CloseReason.PeerIdentityMismatch, pair.Client.Failure!.Reason);
        Assert.Contains("expected nobody", pair.Client.Failure.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void CachedPath_IsRefusedOnceExpired()
    {
        var clock = new FixedTime(TestAuthority.Now);
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), new TlsSettings { TimeProvider = clock });
        using (HandshakePair good = HandshakePair.Make(context, context))
        {
            Assert.Equal(HandshakeStatus.Completed, good.Run().Client);
        }

        clock.Now = TestAuthority.Now.AddDays(3);
        using HandshakePair late = HandshakePair.Make(context, context);

        Assert.Equal(HandshakeStatus.Failed, late.Run().Client);
        Assert.Contains("expired", late.Client.Failure!.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "ZT-177")]
    public void PeersOfDifferentRoots_WhoKnowBoth_Complete()
    {
        TestAuthority one = TestAuthority.Root("one");
        TestAuthority two = TestAuthority.Root("two");
        var both = new Ambient.Identity.Trust.TrustBundle([one.Der, two.Der]);
        using TlsContext client = TlsContext.Create(one.Issue(HandshakePair.ClientId, trust: both), Settings);
        using TlsContext server = TlsContext.Create(two.Issue(HandshakePair.ServerId, trust: both), Settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        Assert.Equal((HandshakeStatus.Completed, HandshakeStatus.Completed), pair.Run());
    }

    [Fact]
    [Trait("behaviour", "ZT-200")]
    public void UnrelatedIntermediate_IsNotInTheVerifiedPath()
    {
        TestAuthority root = TestAuthority.Root();
        TestAuthority middle = root.Intermediate("mid");
        WorkloadCertificate good = middle.Issue(HandshakePair.ServerId);
        WorkloadCertificate padded = TestCertificates.Make(
            good.Identity, good.LeafDer.ToArray(), [root.Intermediate("stranger").Der, middle.Der], good.PrivateKeyPkcs8.ToArray(), good.Trust);
        using TlsContext client = TlsContext.Create(root.Issue(HandshakePair.ClientId), Settings);
        using TlsContext server = TlsContext.Create(padded, Settings);
        using HandshakePair pair = HandshakePair.Make(client, server);

        Assert.Equal(HandshakeStatus.Completed, pair.Run().Client);
        Assert.Equal([good.LeafDer.ToArray(), middle.Der, root.Der], pair.Client.Peer!.Chain.Select(der => der.ToArray()));
    }

    [Fact]
    [Trait("behaviour", "ZT-192")]
    public void RevokedChain_IsRefused_EvenWhenItsPathIsCached()
    {
        bool revoked = false;
        int chainLength = 0;
        TestAuthority root = TestAuthority.Root();
        TlsSettings settings = Settings with
        {
            RevocationCheck = chain =>
            {
                chainLength = chain.Count;
                return revoked;
            },
        };
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), settings);
        using (HandshakePair good = HandshakePair.Make(context, context))
        {
            Assert.Equal(HandshakeStatus.Completed, good.Run().Client);
        }

        revoked = true;
        using HandshakePair pair = HandshakePair.Make(context, context);

        Assert.Equal(HandshakeStatus.Failed, pair.Run().Client);
        Assert.Equal(CloseReason.Revoked, pair.Client.Failure!.Reason);
        Assert.Equal(2, chainLength);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "plaintext where TLS is due")]
    [InlineData("\u0000\u0001\u0002", "not TLS (first byte 0x00)")]
    [InlineData("\u0016\u0002\u0001", "not TLS (first byte 0x16)")]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff", "not TLS")]
    public void Server_GivenGarbage_Fails(string input, string text)
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        using Handshake server = Handshake.Server(context, new PeerRequirement.SameTrustDomain("cluster.local"));

        Assert.Equal(HandshakeStatus.Failed, server.Advance(System.Text.Encoding.Latin1.GetBytes(input), out _));
        Assert.Contains(text, server.Failure!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void MutatedFlights_NeverCompleteWrongly_AndNeverThrow()
    {
        TestAuthority root = TestAuthority.Root();
        using TlsContext context = TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings);
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 300; i++)
        {
            using HandshakePair pair = HandshakePair.Make(context, context);
            pair.Client.Advance([], out _);
            byte[] hello = pair.Client.Output.ToArray();
            bool onHello = i % 2 == 0;
            int at = 0;
            if (onHello)
            {
                at = random.Next(hello.Length);
                hello[at] ^= (byte)(1 << random.Next(8));
            }

            pair.Server.Advance(hello, out _);
            byte[] flight = pair.Server.Output.ToArray();
            if (!onHello && flight.Length > 0)
            {
                at = random.Next(flight.Length);
                flight[at] ^= (byte)(1 << random.Next(8));
            }

            HandshakeStatus status = pair.Client.Advance(flight, out int consumed);

            // Only the legacy version in the first record's header is covered by no hash and no tag.
            Assert.True(consumed <= flight.Length, $"seed {seed}");
            Assert.True(status != HandshakeStatus.Completed || at is 1 or 2, $"seed {seed}: completed with byte {at} of the {(onHello ? "hello" : "flight")} changed");
        }
    }

    [Fact]
    public void Create_WithAForeignKey_SaysSo()
    {
        TestAuthority root = TestAuthority.Root();
        WorkloadCertificate good = root.Issue(HandshakePair.ServerId);
        WorkloadCertificate other = root.Issue(HandshakePair.ServerId);
        WorkloadCertificate mixed = TestCertificates.Make(
            good.Identity, good.LeafDer.ToArray(), good.IntermediatesDer, other.PrivateKeyPkcs8.ToArray(), good.Trust);

        TlsException exception = Assert.Throws<TlsException>(() => TlsContext.Create(mixed, Settings));
        Assert.Contains("does not belong to its certificate", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_WithUnknownGroupsOnly_SaysSo()
    {
        TestAuthority root = TestAuthority.Root();
        TlsException exception = Assert.Throws<TlsException>(
            () => TlsContext.Create(root.Issue(HandshakePair.ServerId), Settings with { Groups = ["NoSuchGroup"] }));
        Assert.Contains("NoSuchGroup", exception.Message, StringComparison.Ordinal);
    }

    private static TheoryData<string, string> Rows((string What, string Text)[] certificates)
    {
        var rows = new TheoryData<string, string>();
        Array.ForEach(certificates, c => rows.Add(c.What, c.Text));
        return rows;
    }
}
