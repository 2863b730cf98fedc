using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Observation;

/// <summary>
/// Everything that one connection says about itself; metrics, access log, connection listing and policy re-evaluation derive from
/// it. Loop-affine.
/// </summary>
/// <remarks>
/// Begun → Open → Closed, or Begun → Closed. Begun: accepted, no route yet, a failure is one early warning without metrics
/// (ztunnel.md 10.5). Open: counted as opened; an attempt that is given up for another is counted and logged as what it was, and the
/// record is Begun again. Closed: counted and logged exactly once; later calls do nothing.
/// </remarks>
public sealed class ConnectionRecord
{
    private readonly LoopTraffic _traffic;
    private readonly long _began;
    private TrafficRoute? _route;
    private long _toServer;
    private long _toClient;

    /// <summary>A connection was accepted.</summary>
    /// <param name="traffic">The loop's counters.</param>
    /// <param name="reporter">Source for outbound, Destination for inbound.</param>
    /// <param name="source">Outbound: the application; inbound: the peer.</param>
    /// <param name="original">Where it was going: the original destination; for inbound HBONE the local address of the tunnel.</param>
    /// <param name="owner">Who can end it.</param>
    public ConnectionRecord(LoopTraffic traffic, Reporter reporter, IpPort source, IpPort original, IConnectionOwner owner)
    {
        ArgumentNullException.ThrowIfNull(traffic);
        _traffic = traffic;
        _began = traffic.Now;
        Reporter = reporter;
        Source = source;
        Original = original;
        Actual = original;
        Owner = owner;
    }

    /// <summary>Who reports.</summary>
    public Reporter Reporter { get; }

    /// <summary>Outbound: the application's address; inbound: the peer's.</summary>
    public IpPort Source { get; }

    /// <summary>Where it was going when it was accepted.</summary>
    public IpPort Original { get; }

    /// <summary>Outbound: the address really dialled. Inbound: the application's address and final port, which policies are asked about.</summary>
    public IpPort Actual { get; private set; }

    /// <summary>Authority of the CONNECT request; null without HBONE.</summary>
    public string? Authority { get; private set; }

    /// <summary>Host of the <c>forwarded</c> header; inbound only.</summary>
    public string? ForwardedHost { get; init; }

    /// <summary>How it travels.</summary>
    public TransportProtocol Protocol { get; private set; }

    /// <summary>Who can end it.</summary>
    public IConnectionOwner Owner { get; }

    /// <summary>Whether it was counted as opened.</summary>
    public bool IsOpen => _route is not null && !IsClosed;

    /// <summary>Whether it ended.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Who talks to whom; default before <see cref="Open"/>.</summary>
    public TrafficKey Key => _route?.Key ?? default;

    /// <summary>What policies are asked about. Inbound, after <see cref="Open"/>.</summary>
    public ConnectionFacts Facts => new(Source, Actual, Reporter == Reporter.Destination ? PeerIdentity : null, string.Empty);

    internal ConnectionRecord? Previous { get; set; }

    internal ConnectionRecord? Next { get; set; }

    internal ConnectionTable? Table { get; set; }

    /// <summary>Whether it was there when the table's elders were marked.</summary>
    internal bool IsElder { get; set; }

    private SpiffeId? PeerIdentity => _route?.Key.SourceIdentity;

    /// <summary>The route is known: counts the connection as opened. Once for each attempt; double HBONE does so after it is connected, all others before.</summary>
    /// <param name="key">Who talks to whom.</param>
    /// <param name="actual">See <see cref="Actual"/>.</param>
    /// <param name="authority">Authority of the CONNECT; null without HBONE.</param>
    /// <param name="protocol">How it travels.</param>
    public void Open(in TrafficKey key, IpPort actual, string? authority, TransportProtocol protocol)
    {
        if (_route is not null || IsClosed)
        {
            return;
        }

        _route = _traffic.Resolve(key);
        Actual = actual;
        Authority = authority;
        Protocol = protocol;
        _route.Series.CountOpened();
        if (_traffic.AccessLog.IsOpenedEnabled)
        {
            _traffic.AccessLog.Opened(Entry(null));
        }
    }

    /// <summary>Bytes were written towards the server (the request's direction).</summary>
    public void CountToServer(long bytes)
    {
        _toServer += bytes;
        _route?.Series.CountReceived(bytes);
    }

    /// <summary>Bytes were written towards the client (the answer's direction).</summary>
    public void CountToClient(long bytes)
    {
        _toClient += bytes;
        _route?.Series.CountSent(bytes);
    }

    /// <summary>The attempt failed and another is made: counts and logs it as failed.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">The error text.</param>
    public void GiveUpAttempt(CloseReason reason, string detail)
    {
        if (_route is null || IsClosed)
        {
            return;
        }

        _route.Series.CountClosed(_route.Key, CloseReasons.Describe(reason).ResponseFlag);
        if (_traffic.AccessLog.IsCompletedEnabled(true))
        {
            _traffic.AccessLog.Completed(Entry(detail));
        }

        _route = null;
    }

    /// <summary>The connection ended: counts and logs it, once.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">The error text of ztunnel.md 3.14; the reason's code when null.</param>
    public void Close(CloseReason reason, string? detail = null)
    {
        if (IsClosed)
        {
            return;
        }

        IsClosed = true;
        Table?.Remove(this);
        if (reason == CloseReason.Revoked)
        {
            _traffic.Metrics.RevocationRejections(Reporter).Increment();
        }

        CloseDescription description = CloseReasons.Describe(reason);
        string? error = description.IsFailure ? detail ?? description.Code : null;
        if (_route is null)
        {
            if (error is not null)
            {
                _traffic.AccessLog.Failed(Address(Source), Address(Original), Reporter == Reporter.Source, error);
            }

            return;
        }

        _route.Series.CountClosed(_route.Key, description.ResponseFlag);
        if (_traffic.AccessLog.IsCompletedEnabled(error is not null))
        {
            _traffic.AccessLog.Completed(Entry(error));
        }
    }

    /// <summary>An address as log lines take it.</summary>
    public static LogAddress Address(IpPort address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new LogAddress(bytes[..address.Address.WriteBytes(bytes)], address.Port);
    }

    private AccessLogEntry Entry(string? error)
    {
        TrafficKey key = _route!.Key;
        bool outbound = Reporter == Reporter.Source;
        bool tls = key.IsMutualTls;
        return new AccessLogEntry
        {
            Source = Address(Source),
            SourceWorkload = Present(key.Source is { } s ? OrElse(s.Name, s.CanonicalName) : key.SourceBaggage?.WorkloadName ?? key.SourceBaggage?.Service),
            SourceNamespace = Present(key.Source is { } n ? n.Namespace : key.SourceBaggage?.Namespace),
            SourceIdentity = tls ? key.SourceIdentity?.ToString() : null,
            SourceCluster = Present(key.Source is { } c ? c.ClusterId : key.SourceBaggage?.Cluster),
            Destination = Address(outbound ? Actual : Original),
            HboneAuthority = Authority,
            DestinationService = key.Service?.Hostname,
            DestinationWorkload = Present(key.DestinationBaggage is { } b ? b.WorkloadName ?? b.Service : key.Destination is { } d ? OrElse(d.Name, d.CanonicalName) : null),
            DestinationNamespace = Present(key.DestinationBaggage is { } bn ? bn.Namespace : key.Destination?.Namespace),
            DestinationIdentity = tls ? (key.DestinationIdentity ?? key.Destination?.Identity)?.ToString() : null,
            DestinationCluster = Present(key.DestinationBaggage is { } bc ? bc.Cluster : key.Destination?.ClusterId),
            IsOutbound = outbound,
            BytesSent = outbound ? _toServer : _toClient,
            BytesReceived = outbound ? _toClient : _toServer,
            DurationMilliseconds = Math.Max(0, _traffic.Now - _began),
            Error = error,
        };
    }

    private static string OrElse(string first, string second) => first.Length > 0 ? first : second;

    private static string? Present(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
