namespace Ambient.Linux;

/// <summary>Plain words for error numbers: what it means, and what an operator may do about it. Immutable.</summary>
public static class ErrnoMeaning
{
    /// <summary>A short lower-case description, without a full stop.</summary>
    public static string Describe(Errno errno) => errno switch
    {
        Errno.None => "no error",
        Errno.EPERM => "operation not permitted",
        Errno.ENOENT => "no such file or directory",
        Errno.ESRCH => "no such process",
        Errno.EINTR => "interrupted",
        Errno.EIO => "input/output error",
        Errno.EBADF => "bad file descriptor",
        Errno.EAGAIN => "not ready",
        Errno.ENOMEM => "out of memory",
        Errno.EACCES => "permission denied",
        Errno.EBUSY => "busy",
        Errno.EEXIST => "exists already",
        Errno.EINVAL => "invalid argument",
        Errno.ENFILE => "too many open files in the system",
        Errno.EMFILE => "too many open files in this process",
        Errno.EPIPE => "the other end is closed",
        Errno.ENAMETOOLONG => "name too long",
        Errno.ENOSYS => "the kernel does not know this call",
        Errno.EPROTO => "protocol error",
        Errno.EMSGSIZE => "message too long",
        Errno.ENOPROTOOPT => "option not available",
        Errno.EOPNOTSUPP => "operation not supported",
        Errno.EAFNOSUPPORT => "address family not supported",
        Errno.EADDRINUSE => "address in use",
        Errno.EADDRNOTAVAIL => "address not available here",
        Errno.ENETDOWN => "network is down",
        Errno.ENETUNREACH => "network unreachable",
        Errno.ECONNABORTED => "connection aborted",
        Errno.ECONNRESET => "connection reset by peer",
        Errno.ENOBUFS => "no buffer space",
        Errno.EISCONN => "already connected",
        Errno.ENOTCONN => "not connected",
        Errno.ETIMEDOUT => "timed out",
        Errno.ECONNREFUSED => "connection refused",
        Errno.EHOSTDOWN => "host is down",
        Errno.EHOSTUNREACH => "no route to host",
        Errno.EINPROGRESS => "in progress",
        _ => "error " + ((int)errno).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>What usually helps, or null.</summary>
    public static string? Hint(string call, Errno errno) => (call, errno) switch
    {
        ("setns" or "unshare", Errno.EPERM) => "needs CAP_SYS_ADMIN in the user namespace that owns the target",
        ("setns", Errno.EINVAL) => "the descriptor is not of a network namespace",
        ("setsockopt SO_MARK", Errno.EPERM) => "needs CAP_NET_ADMIN",
        ("setsockopt IP_TRANSPARENT" or "setsockopt IPV6_TRANSPARENT", Errno.EPERM) => "needs CAP_NET_ADMIN or CAP_NET_RAW",
        (_, Errno.EMFILE) => "raise the limit of open files (ulimit -n)",
        (_, Errno.ENFILE) => "raise fs.file-max",
        ("bind", Errno.EADDRINUSE) => "another process listens there already",
        ("bind", Errno.EACCES) => "ports below 1024 need CAP_NET_BIND_SERVICE",
        ("socket" or "bind", Errno.EAFNOSUPPORT) => "is IPv6 switched off here? IPV6_ENABLED=false avoids it",
        _ => null,
    };
}
