using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Keys;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Issuing;

/// <summary>
/// An authority inside the process for tests and local runs (FAKE_CA=true, ztunnel reference section 6.5). Its root is kept in a
/// directory, so that all processes with that directory form one mesh. Thread-safe.
/// </summary>
/// <remarks>Anyone who can read the directory can be anyone in that mesh: never use it for production.</remarks>
public sealed class LocalAuthority : ICertificateIssuer, IDisposable
{
    private const X509KeyUsageFlags LeafUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment;
    private readonly X509Certificate2 _root;
    private readonly LocalAuthorityOptions _options;
    private readonly TimeProvider _clock;

    private LocalAuthority(X509Certificate2 root, LocalAuthorityOptions options, TimeProvider clock)
    {
        _root = root;
        _options = options;
        _clock = clock;
        Trust = new TrustBundle([root.RawData]);
    }

    /// <summary>The root.</summary>
    public TrustBundle Trust { get; }

    /// <summary>Opens the root in the options' directory, making it when it is missing.</summary>
    /// <exception cref="IssueException">The directory cannot be used or holds something else.</exception>
    public static LocalAuthority Open(LocalAuthorityOptions options, TimeProvider clock) =>
        new(LocalRoot.Open(options.Directory, options.Organization, clock), options, clock);

    /// <inheritdoc/>
    public Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation) => Task.Run(() => Issue(identity), cancellation);

    /// <summary>Makes a key and its certificate at once.</summary>
    public WorkloadCertificate Issue(SpiffeId identity)
    {
        using WorkloadKey key = WorkloadKey.Create();
        return new WorkloadCertificate
        {
            Identity = identity,
            LeafDer = Sign(identity, new PublicKey(key.Algorithm)),
            IntermediatesDer = [],
            PrivateKeyPkcs8 = key.ExportPkcs8(),
            Trust = Trust,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private byte[] Sign(SpiffeId identity, PublicKey key)
    {
        X500DistinguishedName subject = LocalRoot.Name(_options.Organization);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(LeafUsage, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(UriNames.Extension(identity.ToString(), critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        Span<byte> serial = stackalloc byte[16];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7F;
        DateTimeOffset now = _clock.GetUtcNow();
        DateTimeOffset end = now + _options.Lifetime;
        DateTimeOffset rootEnd = _root.NotAfter.ToUniversalTime();
        using X509Certificate2 leaf = request.Create(_root, now, end < rootEnd ? end : rootEnd, serial);
        return leaf.RawData;
    }
}
