using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Tls.Origination;
using Ambient.Tls.Sessions;

namespace Ambient.Tls.Tests.Origination;

public sealed class OriginationTests
{
    private static readonly WebAuthority Authority = new();

    [Theory]
    [InlineData(SslProtocols.Tls12, "Tls12")]
    [InlineData(SslProtocols.Tls13, "Tls13")]
    public async Task BothVersions_AreSpoken_WithNameAndProtocol(SslProtocols version, string spoken)
    {
        using OriginationContext context = Make();
        using WebConversation conversation = new(context, Target("www.example.com", "h2"), Server(Authority.Issue(["www.example.com"]), version));

        Assert.Equal(TlsSessionStatus.Open, await conversation.ShakeHandsAsync());
        Assert.Equal("hello", await conversation.AskAsync("hello"));
        Assert.Equal($"www.example.com {spoken} h2 ", await conversation.Server);
    }

    [Theory]
    [InlineData("other.example.com", "verify SAN list")]
    [InlineData("", "verify SAN list")]
    [InlineData("not.looked.at", "verify SAN list")]
    public async Task ForeignNames_AreNotBelieved(string name, string reason)
    {
        using OriginationContext context = Make();
        using WebConversation conversation = new(context, new OriginationTarget("www.example.com", new ServerNames([name]), null, "a"), Server(Authority.Issue(["www.example.com"])));

        Assert.Equal(TlsSessionStatus.Failed, await conversation.ShakeHandsAsync());
        Assert.Contains(reason, conversation.Client.Failure, StringComparison.Ordinal);
        Assert.False(conversation.Client.Write("secret"u8));
        Assert.Equal("failed", await conversation.Server);
    }

    [Fact]
    public async Task ForeignAuthorities_AreNotBelieved()
    {
        using OriginationContext context = Make();
        using WebConversation conversation = new(context, Target("www.example.com"), Server(new WebAuthority("another").Issue(["www.example.com"])));

        Assert.Equal(TlsSessionStatus.Failed, await conversation.ShakeHandsAsync());
        Assert.StartsWith("CERTIFICATE_VERIFY_FAILED: ", conversation.Client.Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, "1.3.6.1.5.5.7.3.1", "certificate has expired")]
    [InlineData(1, "1.3.6.1.5.5.7.3.2", "CERTIFICATE_VERIFY_FAILED")]
    public async Task CertificatesThatAreOver_OrForClients_AreNotBelieved(int hours, string purpose, string reason)
    {
        using OriginationContext context = Make();
        using WebConversation conversation = new(context, Target("www.example.com"), Server(Authority.Issue(["www.example.com"], TimeSpan.FromHours(hours), purpose)));

        Assert.Equal(TlsSessionStatus.Failed, await conversation.ShakeHandsAsync());
        Assert.Contains(reason, conversation.Client.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutVerification_AnythingIsBelieved()
    {
        Assert.True(OriginationContext.TryCreate(new OriginationSettings { SkipVerify = true }, out OriginationContext? context, out _));
        using WebConversation conversation = new(context, Target("www.example.com"), Server(new WebAuthority("another").Issue(["whatever"], TimeSpan.FromHours(-1))));

        Assert.Equal(TlsSessionStatus.Open, await conversation.ShakeHandsAsync());
        context.Dispose();
    }

    [Fact]
    public async Task ClientCertificate_IsShown()
    {
        X509Certificate2 client = Authority.Issue(["client.example.com"], purpose: "1.3.6.1.5.5.7.3.2");
        using OriginationContext context = Make(new OriginationSettings { Certificate = WebAuthority.CertificatePem(client), PrivateKey = WebAuthority.KeyPem(client) });
        SslServerAuthenticationOptions server = Server(Authority.Issue(["www.example.com"]));
        server.ClientCertificateRequired = true;
        server.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        using WebConversation conversation = new(context, Target("www.example.com"), server);

        Assert.Equal(TlsSessionStatus.Open, await conversation.ShakeHandsAsync());
        await conversation.AskAsync("hello");
        Assert.EndsWith("CN=not.looked.at", await conversation.Server, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerThatSpeaksOldVersionsAlone_IsRefused()
    {
        using OriginationContext context = Make();
        OriginationSession session = new(context, Target("www.example.com"));
        session.Advance();
        session.ClearOutput();

        // A ServerHello of TLS 1.1, as short as it can be.
        byte[] hello = [0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, .. new byte[32], 0, 0xC0, 0x13, 0];
        session.Feed(hello);
        Assert.Equal(TlsSessionStatus.Failed, session.Advance());
        session.Dispose();
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Sessions_AreResumed_ForTheSameServerAndNamesAlone(SslProtocols version)
    {
        using OriginationContext context = Make();
        SslServerAuthenticationOptions server = Server(Authority.Issue(["www.example.com", "b.example.com"]), version);
        bool[] resumed = new bool[3];
        OriginationTarget[] targets = [Target("www.example.com"), Target("www.example.com"), Target("b.example.com")];
        for (int i = 0; i < targets.Length; i++)
        {
            using WebConversation conversation = new(context, targets[i], server);
            Assert.Equal(TlsSessionStatus.Open, await conversation.ShakeHandsAsync());
            Assert.Equal("hello", await conversation.AskAsync("hello"));
            resumed[i] = conversation.Client.IsResumed;
        }

        Assert.False(resumed[0]);
        Assert.True(resumed[1]);
        Assert.False(resumed[2]);
    }

    [Fact]
    public void WhatIsNoTls_IsRefused()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        using OriginationContext context = Make();
        for (int i = 0; i < 2000; i++)
        {
            using OriginationSession session = new(context, Target("www.example.com"));
            session.Advance();
            byte[] bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                (bytes[0], bytes[^1]) = (0x16, 3);
            }

            session.Feed(bytes);
            Assert.True(session.Advance() is TlsSessionStatus.Failed or TlsSessionStatus.Handshake, $"seed {seed}");
        }

        using OriginationSession plain = new(context, Target("www.example.com"));
        plain.Advance();
        plain.Feed("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
        Assert.Equal(TlsSessionStatus.Failed, plain.Advance());
    }

    [Fact]
    public void EndlessHandshake_IsRefused()
    {
        using OriginationContext context = Make();
        using OriginationSession session = new(context, Target("www.example.com"));
        session.Advance();
        for (int i = 0; i < 300 && session.Status == TlsSessionStatus.Handshake; i++)
        {
            session.Feed(new byte[1024]);
        }

        Assert.Equal(TlsSessionStatus.Failed, session.Status);
        Assert.Contains("256 KiB", session.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void BrokenSettings_AreRefused_AndTheErrorNamesNoValue()
    {
        X509Certificate2 one = Authority.Issue(["one"]);
        X509Certificate2 other = Authority.Issue(["other"]);
        (OriginationSettings Settings, string Reason)[] cases =
        [
            (new OriginationSettings { Authorities = "no certificate"u8.ToArray() }, "there is no certificate in it"),
            (new OriginationSettings { Authorities = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"u8.ToArray() }, "cannot be used"),
            (new OriginationSettings { Authorities = Authority.Pem, Revocations = "nothing"u8.ToArray() }, "no revocation list"),
            (new OriginationSettings { Authorities = Authority.Pem, Certificate = WebAuthority.CertificatePem(one) }, "the private key: there is none"),
            (new OriginationSettings { Authorities = Authority.Pem, Certificate = WebAuthority.CertificatePem(one), PrivateKey = WebAuthority.KeyPem(other) }, "does not belong"),
            (new OriginationSettings { Authorities = Authority.Pem, Certificate = "x"u8.ToArray(), PrivateKey = WebAuthority.KeyPem(one) }, "the client certificate: there is none"),
            (new OriginationSettings { Authorities = Authority.Pem, Certificate = WebAuthority.CertificatePem(one), PrivateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"u8.ToArray() }, "the private key cannot be read"),
        ];
        foreach ((OriginationSettings settings, string reason) in cases)
        {
            Assert.False(OriginationContext.TryCreate(settings, out _, out string? error));
            Assert.Contains(reason, error, StringComparison.Ordinal);
            Assert.DoesNotContain("AAAA", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task RevokedCertificates_AreNotBelieved()
    {
        X509Certificate2 server = Authority.Issue(["www.example.com"]);
        CertificateRevocationListBuilder lists = new();
        byte[] none = Crl(lists);
        lists.AddEntry(server);
        byte[] revoked = Crl(lists);
        foreach ((byte[] list, TlsSessionStatus expected) in new[] { (none, TlsSessionStatus.Open), (revoked, TlsSessionStatus.Failed) })
        {
            using OriginationContext context = Make(new OriginationSettings { Revocations = list });
            using WebConversation conversation = new(context, Target("www.example.com"), Server(server));
            TlsSessionStatus status = await conversation.ShakeHandsAsync();
            Assert.True(status == expected, conversation.Client.Failure);
            Assert.True(expected == TlsSessionStatus.Open || conversation.Client.Failure!.Contains("revoked", StringComparison.Ordinal), conversation.Client.Failure);
        }
    }

    private static byte[] Crl(CertificateRevocationListBuilder lists) => Encoding.ASCII.GetBytes(
        System.Security.Cryptography.PemEncoding.WriteString("X509 CRL", lists.Build(Authority.Root, 1, DateTimeOffset.UtcNow.AddDays(1), System.Security.Cryptography.HashAlgorithmName.SHA256)));

    private static OriginationContext Make(OriginationSettings? settings = null)
    {
        Assert.True(OriginationContext.TryCreate((settings ?? new OriginationSettings()) with { Authorities = Authority.Pem }, out OriginationContext? context, out string? error), error);
        return context;
    }

    private static OriginationTarget Target(string name, string? protocol = null) => new(name, new ServerNames([name]), protocol, "10.0.0.1:443");

    private static SslServerAuthenticationOptions Server(X509Certificate2 certificate, SslProtocols version = SslProtocols.None) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        EnabledSslProtocols = version,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
