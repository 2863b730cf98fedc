using System.Buffers.Binary;
using System.Text;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// The ZDS packets as bytes (ztunnel.md 4.8, istio.workload.zds). By hand, because six messages of strings do not justify
/// loading descriptors at start, and because a packet that is not understood must be an answer and not an exception. Thread-safe.
/// </summary>
public static class ZdsCodec
{
    /// <summary>Longest packet to ztunnel.</summary>
    public const int MaxRequest = 1024;

    /// <summary>The agent reads our packets into 1024 bytes, so an error text is cut.</summary>
    private const int MaxErrorBytes = 900;

    /// <summary>Our own agent's addition to AddWorkload: 4 bytes, little endian.</summary>
    private const int MarkField = 100;

    /// <summary>Our own agent's addition: one byte, whether this ztunnel leads.</summary>
    private const int LeadsField = 101;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// ZdsHello{version: V1}, and beside it (field 100, which others skip) that this ztunnel takes a packet mark for each pod,
    /// and (field 101) that it wants to hear whether it leads.
    /// </summary>
    public static ReadOnlySpan<byte> Hello => [0x08, 0x01, 0xa2, 0x06, 0x01, 0x01, 0xaa, 0x06, 0x01, 0x01];

    /// <summary>WorkloadResponse{ack}; null or empty means success.</summary>
    public static byte[] Ack(string? error)
    {
        if (string.IsNullOrEmpty(error))
        {
            return [0x0a, 0x00];
        }

        byte[] text = Encoding.UTF8.GetBytes(error);
        int length = Math.Min(text.Length, MaxErrorBytes);
        while (length < text.Length && (text[length] & 0xc0) == 0x80)
        {
            length--;
        }

        var inner = new List<byte>(length + 3) { 0x0a };
        AppendVarint(inner, length);
        inner.AddRange(text.AsSpan(0, length));
        var packet = new List<byte>(inner.Count + 3) { 0x0a };
        AppendVarint(packet, inner.Count);
        packet.AddRange(inner);
        return [.. packet];
    }

    /// <summary>Reads a WorkloadRequest; the error says what is wrong with it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out ZdsMessage? message, out string? error)
    {
        message = null;
        error = null;
        var reader = new WireReader(packet);
        while (reader.TryNext(out int field, out ReadOnlySpan<byte> content))
        {
            // The last member of a oneof wins, as in every protobuf reader.
            switch (field)
            {
                case 1:
                    error = ReadAdd(content, out message);
                    break;
                case 2:
                    error = ReadUid(content, 2, "del", out string deleted);
                    message = new ZdsMessage.Delete(deleted);
                    break;
                case 3:
                    message = new ZdsMessage.SnapshotSent();
                    break;
                case 5:
                    error = ReadUid(content, 1, "keep", out string kept);
                    message = new ZdsMessage.Keep(kept);
                    break;
                case LeadsField:
                    error = content is [0 or 1] ? null : "leads is neither 0 nor 1";
                    message = new ZdsMessage.Leads(content is [1]);
                    break;
                default:
                    break;
            }

            if (error is not null)
            {
                message = null;
                return false;
            }
        }

        error = reader.Failed ? "not a protobuf message" : message is null ? "no payload" : null;
        message = error is null ? message : null;
        return error is null;
    }

    private static string? ReadAdd(ReadOnlySpan<byte> bytes, out ZdsMessage? message)
    {
        string uid = string.Empty;
        ZdsWorkloadInfo? info = null;
        uint mark = 0;
        message = null;
        var reader = new WireReader(bytes);
        while (reader.TryNext(out int field, out ReadOnlySpan<byte> content))
        {
            string? error = field switch
            {
                1 => ReadText(content, "add.uid", ref uid),
                2 => ReadInfo(content, ref info),
                MarkField => ReadMark(content, ref mark),
                _ => null,
            };
            if (error is not null)
            {
                return error;
            }
        }

        message = new ZdsMessage.Add(uid, info) { Mark = mark };
        return reader.Failed ? "add is malformed" : uid.Length == 0 ? "add.uid is empty" : null;
    }

    private static string? ReadMark(ReadOnlySpan<byte> bytes, ref uint mark) =>
        BinaryPrimitives.TryReadUInt32LittleEndian(bytes, out mark) && bytes.Length == sizeof(uint) ? null : "add: the packet mark is not 4 bytes";

    private static string? ReadInfo(ReadOnlySpan<byte> bytes, ref ZdsWorkloadInfo? info)
    {
        string name = info?.Name ?? string.Empty, ns = info?.Namespace ?? string.Empty, account = info?.ServiceAccount ?? string.Empty;
        var reader = new WireReader(bytes);
        while (reader.TryNext(out int field, out ReadOnlySpan<byte> content))
        {
            string? error = field switch
            {
                1 => ReadText(content, "workload_info.name", ref name),
                2 => ReadText(content, "workload_info.namespace", ref ns),
                3 => ReadText(content, "workload_info.service_account", ref account),
                _ => null,
            };
            if (error is not null)
            {
                return error;
            }
        }

        info = new ZdsWorkloadInfo(name, ns, account);
        return reader.Failed ? "workload_info is malformed" : null;
    }

    private static string? ReadUid(ReadOnlySpan<byte> bytes, int uidField, string what, out string uid)
    {
        uid = string.Empty;
        var reader = new WireReader(bytes);
        while (reader.TryNext(out int field, out ReadOnlySpan<byte> content))
        {
            if (field == uidField && ReadText(content, what + ".uid", ref uid) is { } error)
            {
                return error;
            }
        }

        return reader.Failed ? what + " is malformed" : uid.Length == 0 ? what + ".uid is empty" : null;
    }

    private static string? ReadText(ReadOnlySpan<byte> bytes, string field, ref string text)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return field + " is not UTF-8";
        }

        text = StrictUtf8.GetString(bytes);
        return null;
    }

    private static void AppendVarint(List<byte> bytes, int value)
    {
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
    }

    /// <summary>Walks the fields of one message; of those that are not length-delimited only the border matters here.</summary>
    private ref struct WireReader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool Failed { get; private set; }

        /// <summary>The next length-delimited field; others are skipped.</summary>
        public bool TryNext(out int field, out ReadOnlySpan<byte> content)
        {
            field = 0;
            content = default;
            while (!_rest.IsEmpty)
            {
                if (!TryVarint(out ulong key) || key >> 3 is 0 or > 0x1fffffff)
                {
                    return Fail();
                }

                field = (int)(key >> 3);
                ulong length;
                switch (key & 7)
                {
                    case 0:
                        if (!TryVarint(out _))
                        {
                            return Fail();
                        }

                        continue;
                    case 1:
                        length = 8;
                        break;
                    case 5:
                        length = 4;
                        break;
                    case 2:
                        if (!TryVarint(out length))
                        {
                            return Fail();
                        }

                        break;
                    default:
                        return Fail();
                }

                if (length > (ulong)_rest.Length)
                {
                    return Fail();
                }

                content = _rest[..(int)length];
                _rest = _rest[(int)length..];
                if ((key & 7) == 2)
                {
                    return true;
                }
            }

            return false;
        }

        private bool Fail()
        {
            Failed = true;
            _rest = default;
            return false;
        }

        private bool TryVarint(out ulong value)
        {
            value = 0;
            for (int i = 0; i < _rest.Length && i < 10; i++)
            {
                value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
                if (_rest[i] < 0x80)
                {
                    _rest = _rest[(i + 1)..];
                    return true;
                }
            }

            return false;
        }
    }
}
