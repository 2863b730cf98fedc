using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ambient.Tls.Native;

namespace Ambient.Tls.Edges;

/// <summary>What libssl calls during a handshake with a client outside the mesh. Nothing here throws: an exception can't cross C.</summary>
internal static unsafe class EdgeCallbacks
{
    private static ReadOnlySpan<byte> Http2 => "h2"u8;

    private static ReadOnlySpan<byte> Http11 => "http/1.1"u8;

    /// <summary><c>h2</c> before <c>http/1.1</c>; a client that offers neither gets no answer and speaks what it speaks.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int SelectProtocol(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint argument)
    {
        var list = new ReadOnlySpan<byte>(offered, (int)offeredLength);
        int at = Find(list, Http2);
        at = at >= 0 ? at : Find(list, Http11);
        if (at < 0)
        {
            return Libssl.SSL_TLSEXT_ERR_NOACK;
        }

        *selected = offered + at + 1;
        *selectedLength = list[at];
        return Libssl.SSL_TLSEXT_ERR_OK;
    }

    /// <summary>Whatever is wrong with a client's certificate is no obstacle.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int TolerateCertificate(int isGood, nint store) => 1;

    private static int Find(ReadOnlySpan<byte> list, ReadOnlySpan<byte> protocol)
    {
        int position = 0;
        while (position < list.Length)
        {
            int length = list[position];
            if (position + 1 + length <= list.Length && list.Slice(position + 1, length).SequenceEqual(protocol))
            {
                return position;
            }

            position += 1 + length;
        }

        return -1;
    }
}
