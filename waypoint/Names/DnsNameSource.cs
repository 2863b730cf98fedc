using Ambient.Dns.Resolving;
using Ambient.Dns.Upstreams;
using Ambient.Linux.Sockets;

namespace Ambient.Waypoint.Names;

/// <summary>Asks the nameservers of a resolv.conf, which is read again when it is another. Loop-affine.</summary>
internal sealed class DnsNameSource(EventLoop.EventLoop loop, string path) : INameSource
{
    // Whoever has a long search list and slow servers still hears in time for a client that waits.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly SocketFactory _sockets = new(null, new SocketOptions { Transparent = TransparentMode.Never });
    private ResolverConfiguration? _configuration;
    private DateTime _readAt;

    /// <inheritdoc/>
    public void Ask(string name, AddressFamilies families, Action<AddressAnswer> done)
    {
        if (!TryRead(out string? error))
        {
            done(AddressAnswer.Failed(error));
            return;
        }

        new AddressLookup(loop, _sockets, _configuration!, SearchList.Of(name, _configuration!), families, done).Start(Limit);
    }

    private bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error)
    {
        error = null;
        DateTime written = File.GetLastWriteTimeUtc(path);
        if (_configuration is not null && written == _readAt)
        {
            return true;
        }

        try
        {
            _configuration = ResolverConfiguration.Read(path, "endpoints that have names need a nameserver");
            _readAt = written;
            return true;
        }
        catch (InvalidDataException unusable)
        {
            // The servers that it named last may still be there.
            error = unusable.Message;
            return _configuration is not null;
        }
    }
}
