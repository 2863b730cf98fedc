namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>What a PeerAuthentication asks for.</summary>
internal enum TlsMode
{
    /// <summary>What the level above says.</summary>
    Unset,

    /// <summary>Plaintext is taken as well.</summary>
    Permissive,

    /// <summary>Only known peers.</summary>
    Strict,
}
