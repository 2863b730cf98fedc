using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>The option sets of ztunnel.md 1.3, applied to sockets that exist already. Thread-safe.</summary>
public static unsafe class SocketConfiguration
{
    /// <summary>TCP_NODELAY: every accepted and every opened TCP socket has it.</summary>
    public static SysResult NoDelay(int fd) => SocketIo.SetOption(fd, Libc.SOL_TCP, Libc.TCP_NODELAY, 1);

    /// <summary>Nodelay, keepalive and user timeout as the options say: connections we open, and those accepted on 15001 and 15006.</summary>
    public static SysResult Connection(int fd, SocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SysResult result = NoDelay(fd);
        if (result.IsError || options.KeepAlive is not { } keepAlive)
        {
            return result;
        }

        int time = Seconds(keepAlive.Time), interval = Seconds(keepAlive.Interval);
        _ = SocketIo.SetOption(fd, Libc.SOL_TCP, Libc.TCP_KEEPIDLE, time);
        _ = SocketIo.SetOption(fd, Libc.SOL_TCP, Libc.TCP_KEEPINTVL, interval);
        _ = SocketIo.SetOption(fd, Libc.SOL_TCP, Libc.TCP_KEEPCNT, keepAlive.Retries);
        result = SocketIo.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        if (!result.IsError && options.UserTimeout)
        {
            long milliseconds = (time + ((long)keepAlive.Retries * interval)) * 1000;
            result = SocketIo.SetOption(fd, Libc.SOL_TCP, Libc.TCP_USER_TIMEOUT, (int)Math.Min(milliseconds, int.MaxValue));
        }

        return result;
    }

    /// <summary>Binds to an address that the machine need not own.</summary>
    internal static SysResult Spoof(int fd, bool ipv4, in SocketAddress source)
    {
        if (source.IsIPv4 != ipv4)
        {
            return SysResult.Failure(Errno.EAFNOSUPPORT);
        }

        int level = ipv4 ? Libc.SOL_IP : Libc.SOL_IPV6;
        SysResult result = SocketIo.SetOption(fd, level, ipv4 ? Libc.IP_TRANSPARENT : Libc.IPV6_TRANSPARENT, 1);
        result = result.IsError ? result : SocketIo.SetOption(fd, level, ipv4 ? Libc.IP_FREEBIND : Libc.IPV6_FREEBIND, 1);
        if (result.IsError)
        {
            return result;
        }

        // The port is chosen at connect, when the destination is known: otherwise each caller has 28 000 connections in all, TIME_WAIT included.
        _ = SocketIo.SetOption(fd, Libc.SOL_IP, Libc.IP_BIND_ADDRESS_NO_PORT, 1);
        return Bind(fd, source);
    }

    internal static SysResult Bind(int fd, in SocketAddress address)
    {
        byte* native = stackalloc byte[sizeof(Libc.sockaddr_in6)];
        uint length = address.WriteNative(native, !address.IsIPv4);
        return SysResult.From(Libc.bind(fd, native, length));
    }

    private static int Seconds(TimeSpan span) => (int)Math.Clamp(span.TotalSeconds, 1, 32767);
}
