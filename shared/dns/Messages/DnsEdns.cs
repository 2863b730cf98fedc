namespace Ambient.Dns.Messages;

/// <summary>What an OPT record says (RFC 6891 6.1.3). Immutable.</summary>
public readonly record struct DnsEdns(ushort Payload, byte Version, bool DnssecOk);
