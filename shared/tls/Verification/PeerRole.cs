namespace Ambient.Tls.Verification;

/// <summary>What the peer is to us.</summary>
internal enum PeerRole : byte
{
    Server,
    Client,
}
