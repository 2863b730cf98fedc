using System.Runtime.InteropServices;
using Ambient.Linux.Descriptors;
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
    private const int FirstHighNumber = 1024;
    private static readonly bool IsInstalled = Find();

    /// <summary>Whether the library is installed and its socket will get a low descriptor; otherwise the program has to do.</summary>
    public static bool IsUsable
    {
        get
        {
            int next = IsInstalled ? NextNumber() : -1;
            return next is >= 0 and < DescriptorLimit;
        }
    }

    /// <summary>Runs commands in a namespace (null: the calling thread's). Throws <see cref="LinuxException"/> when it cannot be entered.</summary>
    public static NftOutcome Run(NetworkNamespace? network, string commands, bool json)
    {
        ArgumentNullException.ThrowIfNull(commands);
        byte[] text = NativeText.ZeroTerminated(commands);
        FileDescriptor? socket = null;
        try
        {
            lock (Turn)
            {
                using NamespaceScope scope = NamespaceScope.Enter(network, out SysResult entered);
                entered.OrThrow("setns", network?.Name ?? "");
                int number = NextNumber();
                nint context = Libnftables.nft_ctx_new(Libnftables.NFT_CTX_DEFAULT);
                if (context == 0)
                {
                    throw new LinuxException("nft_ctx_new", network?.Name ?? "", Errno.ENOMEM);
                }

                socket = HeldSocket(number);
                try
                {
                    return RunIn(context, text, json);
                }
                finally
                {
                    Libnftables.nft_ctx_free(context);
                }
            }
        }
        finally
        {
            // The last close of the library's socket waits 10 to 20 ms for the kernel's tidying up when something was removed. Nobody has to wait with it, so
            // it is not the library's: that one must happen in turn, since freeing a context touches what all contexts share.
            if (socket is not null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static s => s.Dispose(), socket, preferLocal: false);
            }
        }
    }

    private static NftOutcome RunIn(nint context, byte[] text, bool json)
    {
        _ = Libnftables.nft_ctx_buffer_output(context);
        _ = Libnftables.nft_ctx_buffer_error(context);
        Libnftables.nft_ctx_output_set_flags(context, json ? Libnftables.NFT_CTX_OUTPUT_JSON : 0);
        fixed (byte* p = text)
        {
            int code = Libnftables.nft_run_cmd_from_buffer(context, p);
            return new NftOutcome(code == 0, Text(Libnftables.nft_ctx_get_output_buffer(context)), Text(Libnftables.nft_ctx_get_error_buffer(context)));
        }
    }

    /// <summary>The number that the process gives out next, or -1.</summary>
    private static int NextNumber()
    {
        int lowest = Libc.eventfd(0, Libc.EFD_CLOEXEC);
        if (lowest >= 0)
        {
            _ = Libc.close(lowest);
        }

        return lowest;
    }

    /// <summary>
    /// A second hold on the library's socket, which it does not show: it has the number that was next, unless another thread was faster. Then there is none
    /// (or one of another netfilter socket, which does no harm), and freeing the context takes longer.
    /// </summary>
    private static FileDescriptor? HeldSocket(int number)
    {
        int copy = number < 0 ? -1 : Libc.fcntl(number, Libc.F_DUPFD_CLOEXEC, FirstHighNumber);
        if (copy < 0)
        {
            return null;
        }

        var held = new FileDescriptor(copy);
        int protocol = 0;
        uint length = sizeof(int);
        if (Libc.getsockopt(copy, Libc.SOL_SOCKET, Libc.SO_PROTOCOL, &protocol, &length) == 0 && protocol == Kernel.NETLINK_NETFILTER)
        {
            return held;
        }

        held.Dispose();
        return null;
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
