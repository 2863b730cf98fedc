namespace Ambient.Ztunnel.Dns.Names;

/// <summary>What the model knows about one pod and the names it may ask for. Thread-safe; called on loops, so nothing may block.</summary>
public interface IDnsNames
{
    /// <summary>The pod's workload as the model has it now, or null while it has not arrived.</summary>
    DnsClient? FindClient();

    /// <summary>What becomes of an address query; the name is in lower case and without final dot.</summary>
    DnsDecision Decide(DnsClient client, string name, bool ipv6);
}
