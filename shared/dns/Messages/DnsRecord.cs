namespace Ambient.Dns.Messages;

/// <summary>Where one resource record lies in its message. Immutable.</summary>
public readonly record struct DnsRecord(int Start, ushort Type, ushort Class, uint Ttl, int DataStart, int DataLength);
