namespace Ambient.Dns.Messages;

/// <summary>Queries of our own. Thread-safe.</summary>
public static class DnsQuestion
{
    /// <summary>Writes a query for records of a name and returns its length; 0 if the name is not one.</summary>
    public static int Write(Span<byte> space, string name, ushort type)
    {
        ArgumentNullException.ThrowIfNull(name);
        space[..DnsWire.HeaderLength].Clear();
        DnsWire.PutU16(space, 2, DnsWire.RecursionDesired);
        DnsWire.PutU16(space, 4, 1);
        int length = DnsWire.HeaderLength;
        if (!DnsWire.TryWriteName(space[..^4], ref length, name))
        {
            return 0;
        }

        DnsWire.PutU16(space, length, type);
        DnsWire.PutU16(space, length + 2, DnsWire.ClassInternet);
        return length + 4;
    }
}
