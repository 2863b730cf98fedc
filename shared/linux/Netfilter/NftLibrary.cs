using System.Runtime.InteropServices;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;

namespace Ambient.Linux.Netfilter;

/// <summary>
/// nft's own library, inside this process: the same commands as for the program, without starting it twice (nsenter, nft) for a millisecond of work.
/// Thread-safe; one command at a time, because the library shares tables between its contexts.
/// </summary>
public static unsafe class NftLibrary
{
    private static readonly Lock Turn = new();

    // The library waits with select, which ends the process at descriptor 1024 (FD_SETSIZE). The distance is for descriptors that other threads open
    // between the look and the library's own socket.
    private const int DescriptorLimit = 896;
    private static readonly bool IsInstalled = Find();

    /// <summary>Whether the library is installed and its socket will get a low descriptor; otherwise the program has to do.</summary>
    public static bool IsUsable
    {
        get
        {
            int lowest = IsInstalled ? Libc.eventfd(0, Libc.EFD_CLOEXEC) : -1;
            if (lowest < 0)
            {
                return false;
            }

            _ = Libc.close(lowest);
            return lowest < DescriptorLimit;
        }
    }

    /// <summary>Runs commands in a namespace (null: the calling thread's). Throws <see cref="LinuxException"/> when it cannot be entered.</summary>
    public static NftOutcome Run(NetworkNamespace? network, string commands, bool json)
    {
        ArgumentNullException.ThrowIfNull(commands);
        byte[] text = NativeText.ZeroTerminated(commands);
        nint context;
        NftOutcome outcome;
        lock (Turn)
        {
            using NamespaceScope scope = NamespaceScope.Enter(network, out SysResult entered);
            entered.OrThrow("setns", network?.Name ?? "");
            context = Libnftables.nft_ctx_new(Libnftables.NFT_CTX_DEFAULT);
            if (context == 0)
            {
                throw new LinuxException("nft_ctx_new", network?.Name ?? "", Errno.ENOMEM);
            }

            _ = Libnftables.nft_ctx_buffer_output(context);
            _ = Libnftables.nft_ctx_buffer_error(context);
            Libnftables.nft_ctx_output_set_flags(context, json ? Libnftables.NFT_CTX_OUTPUT_JSON : 0);
            int code;
            fixed (byte* p = text)
            {
                code = Libnftables.nft_run_cmd_from_buffer(context, p);
            }

            outcome = new NftOutcome(code == 0, Text(Libnftables.nft_ctx_get_output_buffer(context)), Text(Libnftables.nft_ctx_get_error_buffer(context)));
        }

        // Its end waits 10 to 20 ms for the kernel's tidying up when something was removed: nobody has to wait with it.
        ThreadPool.UnsafeQueueUserWorkItem(static c => Libnftables.nft_ctx_free(c), context, preferLocal: false);
        return outcome;
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static bool Find()
    {
        if (!NativeLibrary.TryLoad(Libnftables.Library, out nint handle))
        {
            return false;
        }

        // Stays loaded: the imports resolve to the same copy.
        return NativeLibrary.TryGetExport(handle, "nft_run_cmd_from_buffer", out _);
    }
}
