using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Tls.Tests;

/// <summary>A root, or an intermediate under one, that signs whatever a test wants, wrong things included.</summary>
internal sealed class TestAuthority
{
    public static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static int _serial;

    private readonly ECDsa _key;
    private readonly X500DistinguishedName _name;
    private readonly TestAuthority? _parent;

    private TestAuthority(string name, TestAuthority? parent, Leaf options)
    {
        _parent = parent;
        _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _name = new X500DistinguishedName($"CN={name}");
        var request = new CertificateRequest(_name, _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(options.IsAuthority ?? true, options.PathLength is not null, options.PathLength ?? 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(options.KeyUsage ?? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        foreach (X509Extension extension in options.Extra)
        {
            request.CertificateExtensions.Add(extension);
        }

        TestAuthority signer = parent ?? this;
        Der = request.Create(signer._name, X509SignatureGenerator.CreateForECDsa(signer._key), options.NotBefore, options.NotAfter, NextSerial()).RawData;
    }

    public byte[] Der { get; }

    public static TestAuthority Root(string name = "root") => new(name, null, new Leaf());

    public TestAuthority Intermediate(string name, Leaf? options = null) => new(name, this, options ?? new Leaf());

    public TrustBundle Bundle => new([Der]);

    public byte[] Sign(ECDsa key, Leaf options)
    {
        var request = new CertificateRequest(new X500DistinguishedName(options.Subject), key, HashAlgorithmName.SHA256);
        AddLeafExtensions(request, options);
        return request.Create(_name, X509SignatureGenerator.CreateForECDsa(_key), options.NotBefore, options.NotAfter, NextSerial()).RawData;
    }

    public static byte[] SelfSign(ECDsa key, Leaf options)
    {
        var name = new X500DistinguishedName("CN=self");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        AddLeafExtensions(request, options);
        return request.Create(name, X509SignatureGenerator.CreateForECDsa(key), options.NotBefore, options.NotAfter, NextSerial()).RawData;
    }

    /// <summary>A workload's certificate; trust defaults to this authority's root.</summary>
    public WorkloadCertificate Issue(string identity, Leaf? options = null, TrustBundle? trust = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        options = (options ?? new Leaf()) with { Uris = options?.Uris ?? [identity] };
        var intermediates = new List<ReadOnlyMemory<byte>>();
        TestAuthority top = this;
        while (top._parent is not null)
        {
            intermediates.Add(top.Der);
            top = top._parent;
        }

        return Certificate(identity, Sign(key, options), intermediates, key, trust ?? top.Bundle);
    }

    public static WorkloadCertificate Certificate(string identity, byte[] leaf, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, ECDsa key, TrustBundle trust)
    {
        Assert.True(SpiffeId.TryParse(identity, out SpiffeId? id));
        return TestCertificates.Make(id!, leaf, intermediates, key.ExportPkcs8PrivateKey(), trust);
    }

    private static void AddLeafExtensions(CertificateRequest request, Leaf options)
    {
        if (options.IsAuthority is { } authority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        }

        if (options.KeyUsage is { } usage)
        {
            request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        }

        if (options.Purposes is { } purposes)
        {
            var list = new OidCollection();
            Array.ForEach(purposes, purpose => list.Add(new Oid(purpose)));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(list, false));
        }

        if (options.Uris is { Length: > 0 } uris)
        {
            request.CertificateExtensions.Add(AlternativeNames(uris));
        }

        foreach (X509Extension extension in options.Extra)
        {
            request.CertificateExtensions.Add(extension);
        }
    }

    private static X509Extension AlternativeNames(string[] uris)
    {
        // By hand: the builder refuses what some tests need.
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (string uri in uris)
            {
                writer.WriteOctetString(System.Text.Encoding.Latin1.GetBytes(uri), new Asn1Tag(TagClass.ContextSpecific, 6));
            }
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: true);
    }

    private static byte[] NextSerial() => BitConverter.GetBytes(0x40000000 + Interlocked.Increment(ref _serial));
}
