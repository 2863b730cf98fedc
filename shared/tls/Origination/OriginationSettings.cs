namespace Ambient.Tls.Origination;

/// <summary>How connections to servers outside of the mesh's own TLS are encrypted. Immutable; its text form shows no key.</summary>
public sealed record OriginationSettings
{
    /// <summary>Certificates that servers' chains must end at, PEM; empty: the system's roots.</summary>
    public ReadOnlyMemory<byte> Authorities { get; init; }

    /// <summary>The certificate that is presented and its intermediates, PEM; empty: none.</summary>
    public ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>Its key, PEM, not encrypted.</summary>
    public ReadOnlyMemory<byte> PrivateKey { get; init; }

    /// <summary>Revocation lists, PEM; empty: revocation is not looked at. With them, every certificate of a chain needs one.</summary>
    public ReadOnlyMemory<byte> Revocations { get; init; }

    /// <summary>Whether servers are believed whatever they present.</summary>
    public bool SkipVerify { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"authorities {Authorities.Length} bytes, certificate {Certificate.Length} bytes{(SkipVerify ? ", nothing is verified" : "")}";
}
