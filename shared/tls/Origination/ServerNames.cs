using System.Net;
using System.Text;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Origination;

/// <summary>
/// The names that a server's certificate may have, one of which it must (RFC 6125 section 6.4, waypoint reference 2.3.4): DNS names, where a wildcard of the certificate
/// stands for one whole label, addresses, URIs and mail addresses. The subject is not looked at. Immutable.
/// </summary>
public sealed class ServerNames
{
    private const byte MailName = 0x81;
    private const byte DnsName = 0x82;
    private const byte UriName = 0x86;
    private const byte AddressName = 0x87;

    private readonly string[] _accepted;
    private readonly byte[]?[] _addresses;

    /// <summary>Accepts any of these; without any, nothing is accepted.</summary>
    public ServerNames(IEnumerable<string> accepted)
    {
        _accepted = [.. accepted.Select(static name => name.Trim()).Where(static name => name.Length > 0).Distinct(StringComparer.Ordinal)];
        _addresses = [.. _accepted.Select(static name => IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? address) ? address.GetAddressBytes() : null)];
        Key = string.Join('\n', _accepted);
    }

    /// <summary>All of them as one text: equal ones accept the same.</summary>
    public string Key { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _accepted);

    /// <summary>Whether a certificate (DER) has one of the names. What cannot be read has none.</summary>
    internal bool AreIn(ReadOnlySpan<byte> certificate)
    {
        DerReader whole = new(certificate);
        if (!whole.TryRead(DerTag.Sequence, out DerElement outer))
        {
            return false;
        }

        DerReader parts = outer.Inside();
        if (!parts.TryRead(DerTag.Sequence, out DerElement body))
        {
            return false;
        }

        DerReader fields = body.Inside();
        while (!fields.IsAtEnd)
        {
            byte tag = fields.PeekTag;
            if (!fields.TryReadAny(out DerElement field))
            {
                return false;
            }

            if (tag == DerTag.Extensions)
            {
                return AreInExtensions(field);
            }
        }

        return false;
    }

    private bool AreInExtensions(DerElement wrapper)
    {
        DerReader outer = wrapper.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list))
        {
            return false;
        }

        DerReader extensions = list.Inside();
        while (extensions.TryRead(DerTag.Sequence, out DerElement extension))
        {
            DerReader parts = extension.Inside();
            if (!parts.TryRead(DerTag.ObjectId, out DerElement id))
            {
                return false;
            }

            if (!id.Content.SequenceEqual(stackalloc byte[] { 0x55, 0x1D, 0x11 }))
            {
                continue;
            }

            if (parts.PeekTag == DerTag.Boolean && !parts.TryReadAny(out _))
            {
                return false;
            }

            return parts.TryRead(DerTag.OctetString, out DerElement value) && AreInNames(value);
        }

        return false;
    }

    private bool AreInNames(DerElement value)
    {
        DerReader outer = value.Inside();
        if (!outer.TryRead(DerTag.Sequence, out DerElement list))
        {
            return false;
        }

        DerReader names = list.Inside();
        while (!names.IsAtEnd)
        {
            byte tag = names.PeekTag;
            if (!names.TryReadAny(out DerElement name))
            {
                return false;
            }

            for (int i = 0; i < _accepted.Length; i++)
            {
                if (Matches(tag, name.Content, _accepted[i], _addresses[i]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool Matches(byte tag, ReadOnlySpan<byte> presented, string accepted, byte[]? address)
    {
        if (tag == AddressName)
        {
            return address is not null && presented.SequenceEqual(address);
        }

        // A NUL or the like would let two readers see two different names; and an address is no DNS name.
        if (tag is not (DnsName or UriName or MailName) || presented.IsEmpty || presented.Length > 2048 || presented.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) || (tag == DnsName && address is not null))
        {
            return false;
        }

        string text = Encoding.ASCII.GetString(presented);
        return tag == DnsName ? MatchesHost(text.TrimEnd('.'), accepted.TrimEnd('.')) : string.Equals(text, accepted, StringComparison.Ordinal);
    }

    private static bool MatchesHost(string presented, string accepted)
    {
        if (string.Equals(presented, accepted, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // A wildcard on either side is one whole label; of two wildcards only equal ones match.
        bool isWild = presented.StartsWith("*.", StringComparison.Ordinal);
        return isWild != accepted.StartsWith("*.", StringComparison.Ordinal) && (isWild ? Covers(presented, accepted) : Covers(accepted, presented));
    }

    private static bool Covers(string wildcard, string host)
    {
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && !host.Contains('*', StringComparison.Ordinal) && host.AsSpan(dot).Equals(wildcard.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }
}
