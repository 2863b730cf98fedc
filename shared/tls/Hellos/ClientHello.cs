using System.Buffers.Binary;
using System.Text;
using Ambient.Tls.Records;

namespace Ambient.Tls.Hellos;

/// <summary>Reads the server name out of a client's hello, without taking part in the handshake (RFC 8446 section 4.1.2, RFC 6066 section 3). Pure.</summary>
public static class ClientHello
{
    /// <summary>Bytes that a hello may have, its records' headers included; with post-quantum keys and a ticket it has two or three thousand.</summary>
    public const int MaxBytes = 32 * 1024;

    private const byte HandshakeRecord = 22;
    private const byte FirstType = 20;
    private const byte LastType = 24;
    private const byte Hello = 1;
    private const ushort ServerNameExtension = 0;
    private const int RandomSize = 32;

    /// <summary>Looks at the first bytes of a connection. The name is in lower case, and empty when the client names none; one that is no host name is an error.</summary>
    public static HelloStatus Read(ReadOnlySpan<byte> bytes, out string serverName)
    {
        serverName = "";
        byte[]? joined = null;
        int filled = 0;
        int at = 0;
        while (true)
        {
            // Header of a record: type, legacy version, length.
            if (bytes.Length > at && (bytes[at] != HandshakeRecord || (bytes.Length > at + 1 && bytes[at + 1] != 3)))
            {
                return HelloStatus.Bad;
            }

            if (bytes.Length < at + RecordLayer.HeaderSize)
            {
                return bytes.Length >= MaxBytes ? HelloStatus.Bad : HelloStatus.Incomplete;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 3)..]);
            if (length is 0 or > RecordLayer.MaxPlaintext)
            {
                return HelloStatus.Bad;
            }

            int there = Math.Min(length, bytes.Length - at - RecordLayer.HeaderSize);
            ReadOnlySpan<byte> part = bytes.Slice(at + RecordLayer.HeaderSize, there);
            if (filled == 0 && part.Length > 0 && part[0] != Hello)
            {
                return HelloStatus.Bad;
            }

            if (filled == 0 && IsWhole(part, out int whole))
            {
                return whole > MaxBytes ? HelloStatus.Bad : Parse(part[4..whole], out serverName);
            }

            joined ??= new byte[Math.Min(bytes.Length, MaxBytes)];
            if (filled + part.Length > joined.Length)
            {
                return HelloStatus.Bad;
            }

            part.CopyTo(joined.AsSpan(filled));
            filled += part.Length;
            ReadOnlySpan<byte> message = joined.AsSpan(0, filled);
            if (IsWhole(message, out whole))
            {
                return whole > MaxBytes ? HelloStatus.Bad : Parse(message[4..whole], out serverName);
            }

            if (whole > MaxBytes || bytes.Length >= MaxBytes)
            {
                return HelloStatus.Bad;
            }

            if (there < length)
            {
                return HelloStatus.Incomplete;
            }

            at += RecordLayer.HeaderSize + length;
        }
    }

    /// <summary>
    /// Whether bytes begin as TLS does, as far as any server goes by: a hello that cannot be read here may be read there. Records of other types count too, for some servers skip a warning that comes
    /// before the hello.
    /// </summary>
    public static bool BeginsLikeTls(ReadOnlySpan<byte> bytes) => bytes.Length > 0 && bytes[0] is >= FirstType and <= LastType;

    private static bool IsWhole(ReadOnlySpan<byte> message, out int length)
    {
        length = message.Length < 4 ? 0 : 4 + ((message[1] << 16) | (message[2] << 8) | message[3]);
        return message.Length >= 4 && message.Length >= length;
    }

    private static HelloStatus Parse(ReadOnlySpan<byte> body, out string serverName)
    {
        serverName = "";
        if (body.Length < 2 + RandomSize)
        {
            return HelloStatus.Bad;
        }

        body = body[(2 + RandomSize)..];
        if (!TrySkip(ref body, 1) || !TrySkip(ref body, 2) || !TrySkip(ref body, 1))
        {
            return HelloStatus.Bad;
        }

        // Extensions are optional in TLS 1.2.
        if (body.IsEmpty)
        {
            return HelloStatus.Found;
        }

        if (!TryTake(ref body, 2, out ReadOnlySpan<byte> extensions) || !body.IsEmpty)
        {
            return HelloStatus.Bad;
        }

        bool isNamed = false;
        while (extensions.Length >= 2)
        {
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out ReadOnlySpan<byte> extension))
            {
                return HelloStatus.Bad;
            }

            if (type == ServerNameExtension)
            {
                // Two of a kind must not be there, and which one counts must never be a question.
                if (isNamed || !TryName(extension, out serverName))
                {
                    return HelloStatus.Bad;
                }

                isNamed = true;
            }
        }

        return extensions.IsEmpty ? HelloStatus.Found : HelloStatus.Bad;
    }

    private static bool TryName(ReadOnlySpan<byte> extension, out string name)
    {
        name = "";
        if (!TryTake(ref extension, 2, out ReadOnlySpan<byte> list) || !extension.IsEmpty || list.Length < 3 || list[0] != 0)
        {
            return false;
        }

        list = list[1..];
        if (!TryTake(ref list, 2, out ReadOnlySpan<byte> host) || !list.IsEmpty || host.Length is 0 or > 255)
        {
            return false;
        }

        // Not allowed (RFC 6066 section 3), but there are servers that do not mind: one name, one meaning.
        if (host[^1] == '.' && host.Length > 1)
        {
            host = host[..^1];
        }

        foreach (byte letter in host)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'-' or (byte)'.' or (byte)'_'))
            {
                return false;
            }
        }

        name = Encoding.ASCII.GetString(host).ToLowerInvariant();
        return true;
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> body, int sizeBytes) => TryTake(ref body, sizeBytes, out _);

    private static bool TryTake(ref ReadOnlySpan<byte> body, int sizeBytes, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (body.Length < sizeBytes)
        {
            return false;
        }

        int size = sizeBytes == 1 ? body[0] : BinaryPrimitives.ReadUInt16BigEndian(body);
        if (body.Length < sizeBytes + size)
        {
            return false;
        }

        taken = body.Slice(sizeBytes, size);
        body = body[(sizeBytes + size)..];
        return true;
    }
}
