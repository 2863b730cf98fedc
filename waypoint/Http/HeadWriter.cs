using System.Buffers;
using System.Globalization;
using System.Text;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http;

/// <summary>Writes heads and chunks into a pipe. Stateless.</summary>
internal static class HeadWriter
{
    /// <summary>A request head; the framing is ours to state.</summary>
    public static void Request(Pipe pipe, RequestHead head, in BodyFraming framing, string upgrade)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(512 + head.Method.Length + head.Target.Length + head.Authority.Length + head.Fields.TextLength + (head.Fields.Count * 4) + upgrade.Length);
        int at = 0;
        Append(buffer, ref at, head.Method);
        Append(buffer, ref at, " ");
        Append(buffer, ref at, head is { Method: "OPTIONS", Target: "/*" } ? "*" : head.Target);
        Append(buffer, ref at, " HTTP/1.1\r\nhost: ");
        Append(buffer, ref at, head.Authority);
        Append(buffer, ref at, "\r\n");
        Fields(buffer, ref at, head.Fields);
        Framing(buffer, ref at, head.Fields, framing);
        Upgrade(buffer, ref at, upgrade);
        Append(buffer, ref at, "\r\n");
        pipe.Send(buffer.AsSpan(0, at));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>A response head; returns its length.</summary>
    public static int Response(Pipe pipe, int status, FieldList fields, in BodyFraming framing, bool closes, string upgrade)
    {
        string reason = ReasonPhrases.Of(status);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(512 + fields.TextLength + (fields.Count * 4) + upgrade.Length);
        int at = 0;
        Append(buffer, ref at, "HTTP/1.1 ");
        status.TryFormat(buffer.AsSpan(at), out int digits, default, CultureInfo.InvariantCulture);
        at += digits;
        Append(buffer, ref at, " ");
        Append(buffer, ref at, reason);
        Append(buffer, ref at, "\r\n");
        Fields(buffer, ref at, fields);
        Framing(buffer, ref at, fields, framing);
        Upgrade(buffer, ref at, upgrade);
        if (closes)
        {
            Append(buffer, ref at, "connection: close\r\n");
        }

        Append(buffer, ref at, "\r\n");
        pipe.Send(buffer.AsSpan(0, at));
        ArrayPool<byte>.Shared.Return(buffer);
        return at;
    }

    /// <summary>A part of a body, as its framing wants it.</summary>
    public static void Data(Pipe pipe, ReadOnlySpan<byte> data, BodyKind kind)
    {
        if (data.Length == 0 || kind != BodyKind.Chunked)
        {
            pipe.Send(data);
            return;
        }

        Span<byte> size = stackalloc byte[18];
        data.Length.TryFormat(size, out int digits, "x", CultureInfo.InvariantCulture);
        (size[digits], size[digits + 1]) = ((byte)'\r', (byte)'\n');
        pipe.Send(size[..(digits + 2)]);
        pipe.Send(data);
        pipe.Send("\r\n"u8);
    }

    /// <summary>The end of a body.</summary>
    public static void End(Pipe pipe, BodyKind kind, FieldList? trailers)
    {
        if (kind != BodyKind.Chunked)
        {
            return;
        }

        if (trailers is null)
        {
            pipe.Send("0\r\n\r\n"u8);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 + trailers.TextLength + (trailers.Count * 4));
        int at = 0;
        Append(buffer, ref at, "0\r\n");
        Fields(buffer, ref at, trailers);
        Append(buffer, ref at, "\r\n");
        pipe.Send(buffer.AsSpan(0, at));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void Fields(byte[] buffer, ref int at, FieldList fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            Append(buffer, ref at, fields.Name(i));
            Append(buffer, ref at, ": ");
            Append(buffer, ref at, fields.Value(i));
            Append(buffer, ref at, "\r\n");
        }
    }

    private static void Framing(byte[] buffer, ref int at, FieldList fields, in BodyFraming framing)
    {
        if (framing.Kind == BodyKind.Chunked)
        {
            Append(buffer, ref at, "transfer-encoding: chunked\r\n");
        }
        else if (framing.Kind == BodyKind.Length && !fields.Contains("content-length"))
        {
            Append(buffer, ref at, "content-length: ");
            framing.Length.TryFormat(buffer.AsSpan(at), out int digits, default, CultureInfo.InvariantCulture);
            at += digits;
            Append(buffer, ref at, "\r\n");
        }
    }

    private static void Upgrade(byte[] buffer, ref int at, string upgrade)
    {
        if (upgrade.Length > 0)
        {
            Append(buffer, ref at, "connection: upgrade\r\nupgrade: ");
            Append(buffer, ref at, upgrade);
            Append(buffer, ref at, "\r\n");
        }
    }

    private static void Append(byte[] buffer, ref int at, ReadOnlySpan<char> text) => at += Encoding.Latin1.GetBytes(text, buffer.AsSpan(at));
}
