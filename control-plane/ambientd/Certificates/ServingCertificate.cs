using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Signing;

namespace Ambient.ControlPlane.Certificates;

/// <summary>The server's own certificate, made by its own authority, anew at half its life and when the authority changes. Thread-safe.</summary>
internal sealed class ServingCertificate(AuthorityHolder holder, IReadOnlyList<string> names, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
    private readonly Lock _gate = new();
    private SslStreamCertificateContext? _current;
    private SigningAuthority? _madeBy;
    private DateTimeOffset _renewal;

    /// <summary>What the next handshake shows.</summary>
    /// <exception cref="InvalidDataException">The authority cannot sign.</exception>
    internal SslStreamCertificateContext Current()
    {
        lock (_gate)
        {
            DateTimeOffset now = clock.GetUtcNow();
            SigningAuthority authority = holder.Current ?? throw new InvalidDataException("the authority is not ready");
            if (_current is null || _madeBy != authority || now >= _renewal)
            {
                _current = Make(authority, now);
                _madeBy = authority;
                _renewal = now + (Lifetime / 2);
            }

            return _current;
        }
    }

    /// <summary>Whether a client's certificate leads to the roots in force, and neither it nor what it leads through is revoked by the authority's list.</summary>
    internal bool IsOfThisMesh(X509Certificate2 leaf, X509Certificate2Collection intermediates)
    {
        if (holder.Current is not { } authority)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // The platform would look for lists elsewhere; ours is asked below.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(authority.RootsPem);
        chain.ChainPolicy.ExtraStore.AddRange(intermediates);
        return chain.Build(leaf) && authority.Allows([.. chain.ChainElements.Select(static link => (ReadOnlyMemory<byte>)link.Certificate.RawData)]);
    }

    private SslStreamCertificateContext Make(SigningAuthority authority, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (!authority.TryIssueServer(key.ExportSubjectPublicKeyInfo(), names, Lifetime, now, out IReadOnlyList<string>? chain, out string? error))
        {
            throw new InvalidDataException(error);
        }

        using X509Certificate2 leaf = X509Certificate2.CreateFromPem(chain[0]);
        var intermediates = new X509Certificate2Collection();
        foreach (string pem in chain.Skip(1).SkipLast(1))
        {
            intermediates.ImportFromPem(pem);
        }

        return SslStreamCertificateContext.Create(leaf.CopyWithPrivateKey(key), intermediates, offline: true);
    }
}
