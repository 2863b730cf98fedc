using Ambient.Linux;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Pool;

/// <summary>Opens what the pool does not have. Loop-affine.</summary>
public interface ITunnelDialer
{
    /// <summary>Our certificate.</summary>
    TlsContext Context { get; }

    /// <summary>Whom we accept.</summary>
    PeerRequirement Peer { get; }

    /// <summary>A non-blocking socket whose connect to the key's destination is begun; the pool owns it afterwards.</summary>
    SysResult OpenSocket(in PoolKey key);
}
