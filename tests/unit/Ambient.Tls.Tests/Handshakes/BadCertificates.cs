using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;

namespace Ambient.Tls.Tests.Handshakes;

/// <summary>Certificates with one thing wrong each.</summary>
internal static class BadCertificates
{
    public static WorkloadCertificate Make(string what, TestAuthority root, string identity)
    {
        const string serverAuth = "1.3.6.1.5.5.7.3.1";
        const string clientAuth = "1.3.6.1.5.5.7.3.2";
        DateTimeOffset now = TestAuthority.Now;
        string foreign = identity.Replace("cluster.local", "other.domain", StringComparison.Ordinal);
        return what switch
        {
            "expired" => root.Issue(identity, new Leaf { NotBefore = now.AddDays(-3), NotAfter = now.AddDays(-1) }),
            "future" => root.Issue(identity, new Leaf { NotBefore = now.AddDays(1), NotAfter = now.AddDays(3) }),
            "foreign-root" => TestAuthority.Root("elsewhere").Issue(identity, trust: root.Bundle),
            "self-signed" => SelfSigned(root, identity),
            "no-san" => root.Issue(identity, new Leaf { Uris = [], Subject = "CN=nobody" }),
            "not-spiffe" => root.Issue(identity, new Leaf { Uris = ["https://example.com/", identity + "/"] }),
            "other-identity" => root.Issue(identity, new Leaf { Uris = ["spiffe://cluster.local/ns/default/sa/serve"] }),
            "foreign-domain" => root.Issue(identity, new Leaf { Uris = [foreign] }),
            "nul" => root.Issue(identity, new Leaf { Uris = [identity, identity + "\0.evil"] }),
            "client-only" => root.Issue(identity, new Leaf { Purposes = [clientAuth] }),
            "server-only" => root.Issue(identity, new Leaf { Purposes = [serverAuth] }),
            "authority" => root.Issue(identity, new Leaf { IsAuthority = true }),
            "no-signature-usage" => root.Issue(identity, new Leaf { KeyUsage = X509KeyUsageFlags.KeyAgreement }),
            "unknown-critical" => root.Issue(identity, new Leaf { Extra = [new X509Extension("1.2.3.4.5", [5, 0], true)] }),
            "expired-intermediate" => root.Intermediate("mid", new Leaf { NotAfter = now.AddHours(-1) }).Issue(identity),
            "not-authority" => root.Intermediate("mid", new Leaf { IsAuthority = false }).Issue(identity),
            "path-length" => root.Intermediate("one", new Leaf { PathLength = 0 }).Intermediate("two").Issue(identity),
            "too-long" => Deep(root, 8).Issue(identity),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, "no such certificate"),
        };
    }

    private static TestAuthority Deep(TestAuthority root, int depth)
    {
        TestAuthority authority = root;
        for (int i = 0; i < depth; i++)
        {
            authority = authority.Intermediate($"level{i}");
        }

        return authority;
    }

    private static WorkloadCertificate SelfSigned(TestAuthority root, string identity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return TestAuthority.Certificate(identity, TestAuthority.SelfSign(key, new Leaf { Uris = [identity] }), [], key, root.Bundle);
    }
}
