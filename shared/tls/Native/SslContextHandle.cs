using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>Owns an SSL_CTX.</summary>
internal sealed class SslContextHandle : SafeHandle
{
    internal SslContextHandle(nint context)
        : base(0, ownsHandle: true) => SetHandle(context);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libssl.SSL_CTX_free(handle);
        return true;
    }
}
