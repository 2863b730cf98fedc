using System.Globalization;

namespace Ambient.Mesh.Addresses;

/// <summary>An address and a TCP port. Immutable.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port, host order.</param>
public readonly record struct IpPort(IpAddress Address, ushort Port)
{
    /// <summary>Reads <c>1.2.3.4:80</c> or <c>[::1]:80</c>; nothing else is an address with a port.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPort value)
    {
        value = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !TryParsePort(text[(colon + 1)..], out ushort port))
        {
            return false;
        }

        ReadOnlySpan<char> head = text[..colon];
        bool brackets = head[0] == '[' && head[^1] == ']';
        if (brackets)
        {
            head = head[1..^1];
        }

        // ":" inside means IPv6 text, which must be in brackets; dotted text must not.
        if (brackets != head.Contains(':') || !IpAddress.TryParse(head, out IpAddress address))
        {
            return false;
        }

        value = new IpPort(address, port);
        return true;
    }

    /// <summary>Reads an address with a port, for constants and tests.</summary>
    /// <exception cref="FormatException">Not an address with a port.</exception>
    public static IpPort Parse(string text) =>
        TryParse(text, out IpPort value) ? value : throw new FormatException($"'{text}' is not an address with a port.");

    /// <summary>The same address with another port.</summary>
    public IpPort WithPort(ushort port) => new(Address, port);

    /// <summary><c>1.2.3.4:80</c> or <c>[::1]:80</c>.</summary>
    public override string ToString()
    {
        Span<char> buffer = stackalloc char[IpAddressText.MaxLength + 8];
        int at = 0;
        bool brackets = !Address.IsIPv4;
        if (brackets)
        {
            buffer[at++] = '[';
        }

        at += IpAddressText.Write(Address, buffer[at..]);
        if (brackets)
        {
            buffer[at++] = ']';
        }

        buffer[at++] = ':';
        _ = Port.TryFormat(buffer[at..], out int written, default, CultureInfo.InvariantCulture);
        return new string(buffer[..(at + written)]);
    }

    internal static bool TryParsePort(ReadOnlySpan<char> text, out ushort port)
    {
        port = 0;
        return text.Length is > 0 and <= 5 && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }
}
