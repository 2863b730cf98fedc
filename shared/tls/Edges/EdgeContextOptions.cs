namespace Ambient.Tls.Edges;

/// <summary>How a listener for clients outside the mesh speaks TLS. Immutable.</summary>
public sealed record EdgeContextOptions
{
    /// <summary>Its certificates, one for each kind of key.</summary>
    public required IReadOnlyList<EdgeCertificate> Certificates { get; init; }

    /// <summary>Whether <c>h2</c> and <c>http/1.1</c> are chosen when they are offered.</summary>
    public bool SpeaksHttp { get; init; } = true;

    /// <summary>The oldest version, 0x0303 or 0x0304.</summary>
    public int MinVersion { get; init; } = 0x0303;

    /// <summary>The newest version.</summary>
    public int MaxVersion { get; init; } = 0x0304;

    /// <summary>Cipher suites of TLS 1.2 in OpenSSL's names; unknown ones are passed over, none are the usual ones.</summary>
    public IReadOnlyList<string> Ciphers { get; init; } = [];

    /// <summary>Whether clients show certificates.</summary>
    public ClientCertificateMode ClientCertificates { get; init; }

    /// <summary>Who signs clients' certificates, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Authorities { get; init; } = [];

    /// <summary>Revocation lists, DER. With any, every authority of a chain needs one.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Revocations { get; init; } = [];

    /// <summary>Whether a bad certificate is no obstacle.</summary>
    public bool ToleratesBadClients { get; init; }
}
