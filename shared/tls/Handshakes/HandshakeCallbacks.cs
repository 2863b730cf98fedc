using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Tls.Native;

namespace Ambient.Tls.Handshakes;

/// <summary>What libssl calls during a handshake, on the thread that drives it. Nothing here throws: an exception can't cross C.</summary>
internal static unsafe class HandshakeCallbacks
{
    // libssl runs a handshake to its next wait on the calling thread, so a thread has one at a time.
    [ThreadStatic]
    internal static Handshake? Current;

    private static ReadOnlySpan<byte> Http2 => "h2"u8;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int VerifyCertificate(nint store, nint argument)
    {
        try
        {
            int error = Current?.VerifyPeer(Libcrypto.X509_STORE_CTX_get0_untrusted(store)) ?? Libcrypto.X509_V_ERR_CERT_REJECTED;
            if (error == 0)
            {
                return 1;
            }

            Libcrypto.X509_STORE_CTX_set_error(store, error);
        }
        catch (Exception exception)
        {
            Current?.NoteFault(exception);
            Libcrypto.X509_STORE_CTX_set_error(store, Libcrypto.X509_V_ERR_CERT_REJECTED);
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int SelectProtocol(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint argument)
    {
        var list = new ReadOnlySpan<byte>(offered, (int)offeredLength);
        int position = 0;
        while (position < list.Length)
        {
            int length = list[position];
            if (position + 1 + length <= list.Length && list.Slice(position + 1, length).SequenceEqual(Http2))
            {
                *selected = offered + position + 1;
                *selectedLength = (byte)length;
                return Libssl.SSL_TLSEXT_ERR_OK;
            }

            position += 1 + length;
        }

        return Libssl.SSL_TLSEXT_ERR_ALERT_FATAL;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void TakeSecret(nint ssl, byte* line)
    {
        try
        {
            Current?.TakeSecret(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));
        }
        catch (Exception exception)
        {
            Current?.NoteFault(exception);
        }
    }
}
