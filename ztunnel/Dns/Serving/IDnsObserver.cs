using Ambient.Ztunnel.Dns.Names;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Hears of every query: metrics and the dns log. Thread-safe; called on loops, so nothing may block.</summary>
public interface IDnsObserver
{
    /// <summary>A query came in.</summary>
    void OnRequest(DnsClient client, ushort type, bool udp);

    /// <summary>A query was answered by us, or forwarded with that outcome (ztunnel.md 10.6).</summary>
    void OnAnswered(DnsClient client, ushort type, string name, string result, int endpoints);

    /// <summary>An upstream was asked and did or did not answer within the time.</summary>
    void OnUpstream(DnsClient client, ushort type, bool udp, bool failed, TimeSpan duration);
}
