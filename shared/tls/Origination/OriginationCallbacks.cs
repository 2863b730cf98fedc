using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Tls.Native;

namespace Ambient.Tls.Origination;

/// <summary>What libssl calls while a connection is made, on the thread that drives it. Nothing here throws: an exception can't cross C.</summary>
internal static unsafe class OriginationCallbacks
{
    [ThreadStatic]
    internal static OriginationSession? Current;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int VerifyChain(nint store, nint argument)
    {
        try
        {
            if (Current?.Judge(store) == true)
            {
                return 1;
            }
        }
        catch (Exception defect)
        {
            Current?.NoteFault(defect);
        }

        if (Libcrypto.X509_STORE_CTX_get_error(store) == 0)
        {
            Libcrypto.X509_STORE_CTX_set_error(store, Libcrypto.X509_V_ERR_CERT_REJECTED);
        }

        return 0;
    }
}
