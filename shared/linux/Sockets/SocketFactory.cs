using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>
/// Opens sockets inside a network namespace, with all their options: the one place where both happen. Thread-safe.
/// </summary>
/// <remarks>
/// The calling thread enters the namespace, makes the socket and returns; a socket stays where it was born, so the loop that
/// uses it never leaves home. A thread that cannot return ends the process, because it would mix the traffic of pods.
/// Descriptors are non-blocking, close-on-exec, and owned by the caller.
/// </remarks>
public sealed class SocketFactory
{
    private readonly NetworkNamespace? _namespace;
    private readonly SocketOptions _options;

    /// <summary>Null, or the namespace that the thread is in already, means no switching at all.</summary>
    public SocketFactory(NetworkNamespace? networkNamespace, SocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _namespace = networkNamespace;
        _options = options;
    }

    /// <summary>The options that sockets get.</summary>
    public SocketOptions Options => _options;

    /// <summary>The namespace that sockets are made in; null is the thread's own.</summary>
    public NetworkNamespace? Namespace => _namespace;

    /// <summary>A TCP socket to connect with: nodelay, keepalive, mark; bound to the given source address if that works.</summary>
    public SysResult OpenStream(bool ipv4, SocketAddress? spoofedSource) => OpenStream(ipv4, spoofedSource, out _);

    /// <summary>
    /// As above; <paramref name="spoofing"/> says whether the source was bound. When it failed, the socket is still good and
    /// connects from the namespace's own address (ztunnel.md 1.3: warn and go on).
    /// </summary>
    public SysResult OpenStream(bool ipv4, SocketAddress? spoofedSource, out SysResult spoofing)
    {
        spoofing = default;
        using NamespaceScope scope = NamespaceScope.Enter(_namespace, out SysResult entered);
        if (entered.IsError)
        {
            return entered;
        }

        SysResult opened = Open(ipv4, Libc.SOCK_STREAM);
        if (opened.IsError)
        {
            return opened;
        }

        int fd = (int)opened.Value;
        SysResult configured = SocketConfiguration.Connection(fd, _options);
        if (configured.IsError)
        {
            _ = SocketIo.Close(fd);
            return configured;
        }

        if (spoofedSource is { } source)
        {
            spoofing = SocketConfiguration.Spoof(fd, ipv4, source.WithPort(0));
        }

        return opened;
    }

    /// <summary>
    /// A TCP listener; <paramref name="transparent"/> says whether the flag could be set (then sources can be preserved). What it accepts
    /// inherits nodelay, keepalive and user timeout, so that accepting costs no further call.
    /// </summary>
    public SysResult Listen(SocketAddress bind, int backlog, out bool transparent)
    {
        transparent = false;
        using NamespaceScope scope = NamespaceScope.Enter(_namespace, out SysResult entered);
        if (entered.IsError)
        {
            return entered;
        }

        SysResult opened = Open(bind.IsIPv4, Libc.SOCK_STREAM);
        if (opened.IsError)
        {
            return opened;
        }

        int fd = (int)opened.Value;

        // Without it a restarted proxy could not bind while connections of its predecessor linger in TIME_WAIT.
        _ = SocketIo.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (_options.ReusePort)
        {
            _ = SocketIo.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1);
        }

        SysResult result = default;
        if (_options.Transparent != TransparentMode.Never)
        {
            SysResult set = SocketIo.SetOption(fd, Libc.SOL_IP, Libc.IP_TRANSPARENT, 1);
            transparent = !set.IsError;
            result = _options.Transparent == TransparentMode.Required ? set : default;
        }

        result = result.IsError ? result : SocketConfiguration.Connection(fd, _options);
        result = result.IsError ? result : SocketConfiguration.Bind(fd, bind);
        result = result.IsError ? result : SysResult.From(Libc.listen(fd, backlog));
        if (!result.IsError)
        {
            return opened;
        }

        _ = SocketIo.Close(fd);
        transparent = false;
        return result;
    }

    /// <summary>A bound UDP socket; with port reuse as the options say.</summary>
    public SysResult OpenDatagram(SocketAddress bind) => OpenDatagram(bind, _options.ReusePort);

    /// <summary>A UDP socket to send from, on any port; never with port reuse.</summary>
    public SysResult OpenDatagram(bool ipv4) => OpenDatagram(ipv4 ? SocketAddress.AnyIPv4 : SocketAddress.AnyIPv6, reusePort: false);

    private SysResult OpenDatagram(SocketAddress bind, bool reusePort)
    {
        using NamespaceScope scope = NamespaceScope.Enter(_namespace, out SysResult entered);
        if (entered.IsError)
        {
            return entered;
        }

        SysResult opened = Open(bind.IsIPv4, Libc.SOCK_DGRAM);
        if (opened.IsError)
        {
            return opened;
        }

        int fd = (int)opened.Value;
        SysResult result = reusePort ? SocketIo.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1) : default;
        result = result.IsError ? result : SocketConfiguration.Bind(fd, bind);
        if (!result.IsError)
        {
            return opened;
        }

        _ = SocketIo.Close(fd);
        return result;
    }

    private SysResult Open(bool ipv4, int type)
    {
        SysResult opened = SysResult.From(
            Libc.socket(ipv4 ? Libc.AF_INET : Libc.AF_INET6, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0));
        if (opened.IsError || _options.Mark == 0)
        {
            return opened;
        }

        // An unmarked socket would be captured by our own redirection and loop, so a failure here is final.
        SysResult marked = SocketIo.SetOption((int)opened.Value, Libc.SOL_SOCKET, Libc.SO_MARK, (int)_options.Mark);
        if (!marked.IsError)
        {
            return opened;
        }

        _ = SocketIo.Close((int)opened.Value);
        return marked;
    }
}
