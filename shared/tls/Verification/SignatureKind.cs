namespace Ambient.Tls.Verification;

/// <summary>Signature algorithms that are accepted on certificates.</summary>
internal enum SignatureKind : byte
{
    Unsupported,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    Ed25519,
}
