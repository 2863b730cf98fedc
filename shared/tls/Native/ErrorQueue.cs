using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>OpenSSL's error queue of the calling thread: cleared before a call, drained into a text after a failed one.</summary>
internal static unsafe class ErrorQueue
{
    // Alerts received from the peer are reported as reasons of libssl from here on (SSL_AD_REASON_OFFSET).
    private const int AlertOffset = 1000;
    private const int MaxEntries = 4;

    internal static void Clear() => Libcrypto.ERR_clear_error();

    /// <summary>Empties the queue; the text holds library reasons only, never data.</summary>
    internal static string Drain() => Drain(out _);

    /// <summary>Empties the queue and tells the alert that the peer sent, 0 when none.</summary>
    internal static string Drain(out byte peerAlert)
    {
        peerAlert = 0;
        string text = "";
        for (int i = 0; i < MaxEntries; i++)
        {
            nuint error = Libcrypto.ERR_get_error();
            if (error == 0)
            {
                return text.Length == 0 ? "no reason given" : text;
            }

            int reason = (int)(error & 0x7FFFFF);
            if (reason is > AlertOffset and <= AlertOffset + 255)
            {
                peerAlert = (byte)(reason - AlertOffset);
            }

            string part = Marshal.PtrToStringUTF8((nint)Libcrypto.ERR_reason_error_string(error)) ?? $"error {error:x}";
            text = text.Length == 0 ? part : $"{text}; {part}";
        }

        Libcrypto.ERR_clear_error();
        return text;
    }
}
