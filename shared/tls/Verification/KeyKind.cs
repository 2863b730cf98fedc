namespace Ambient.Tls.Verification;

/// <summary>Kinds of public keys that are accepted.</summary>
internal enum KeyKind : byte
{
    Unsupported,
    Ec,
    Rsa,
    Ed25519,
}
