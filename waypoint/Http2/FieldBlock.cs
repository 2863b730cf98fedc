using System.Buffers;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>Writes header blocks into a pipe, as HEADERS and what does not fit into one frame as CONTINUATION (RFC 9113 sections 6.2, 6.10). Stateless.</summary>
internal static class FieldBlock
{
    // What every peer accepts without having been asked.
    private const int MaxPayload = 16 * 1024;

    /// <summary>A request's head.</summary>
    public static void Request(Pipe pipe, int streamId, RequestHead head, bool isEnd)
    {
        byte[] buffer = Rent(head.Fields, head.Method.Length + head.Authority.Length + head.Target.Length);
        HeaderWriter writer = new(buffer.AsSpan(FrameHeader.Size));
        writer.RequestLine(head.Method, head.Scheme, head.Authority, head is { Method: "OPTIONS", Target: "/*" } ? "*" : head.Target);
        Fields(ref writer, head.Fields);
        Send(pipe, streamId, buffer, writer.Length, isEnd);
    }

    /// <summary>A request for another protocol: what is GET with Upgrade in HTTP/1.1 is CONNECT here (RFC 8441 section 5).</summary>
    public static void Connect(Pipe pipe, int streamId, RequestHead head, string protocol)
    {
        byte[] buffer = Rent(head.Fields, protocol.Length + head.Authority.Length + head.Target.Length);
        HeaderWriter writer = new(buffer.AsSpan(FrameHeader.Size));
        writer.RequestLine("CONNECT", head.Scheme, head.Authority, head.Target);
        writer.Field(":protocol", protocol);
        Fields(ref writer, head.Fields, isConnect: true);
        Send(pipe, streamId, buffer, writer.Length, isEnd: false);
    }

    /// <summary>A response's head; a length that the fields do not state is added when it is known. Returns the block's length.</summary>
    public static int Response(Pipe pipe, int streamId, int status, FieldList fields, long length, bool isEnd)
    {
        byte[] buffer = Rent(fields, 64);
        HeaderWriter writer = new(buffer.AsSpan(FrameHeader.Size));
        writer.Status(status);
        Fields(ref writer, fields);
        if (length >= 0 && !fields.Contains("content-length"))
        {
            Span<char> digits = stackalloc char[20];
            length.TryFormat(digits, out int count, default, System.Globalization.CultureInfo.InvariantCulture);
            writer.Field("content-length", digits[..count]);
        }

        int written = writer.Length;
        Send(pipe, streamId, buffer, written, isEnd);
        return written;
    }

    /// <summary>The fields behind a body, which end the stream.</summary>
    public static void Trailers(Pipe pipe, int streamId, FieldList fields)
    {
        byte[] buffer = Rent(fields, 0);
        HeaderWriter writer = new(buffer.AsSpan(FrameHeader.Size));
        Fields(ref writer, fields);
        Send(pipe, streamId, buffer, writer.Length, isEnd: true);
    }

    private static byte[] Rent(FieldList fields, int more) =>
        ArrayPool<byte>.Shared.Rent(FrameHeader.Size + 128 + more + fields.TextLength + (fields.Count * HeaderWriter.MaxFieldOverhead));

    private static void Fields(ref HeaderWriter writer, FieldList fields, bool isConnect = false)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            ReadOnlySpan<char> name = fields.Name(i);
            if (isConnect && name is WebSocketKey.Request)
            {
                // HTTP/2 cannot be mistaken for something else, which is what keys are for.
                continue;
            }

            writer.Field(name, fields.Value(i), isSecret: name is "authorization" or "cookie" or "set-cookie" or "proxy-authorization");
        }
    }

    private static void Send(Pipe pipe, int streamId, byte[] buffer, int length, bool isEnd)
    {
        byte end = isEnd ? FrameFlags.EndStream : FrameFlags.None;
        int first = Math.Min(length, MaxPayload);
        FrameHeader.Write(buffer.AsSpan(), first, FrameType.Headers, (byte)(end | (first == length ? FrameFlags.EndHeaders : FrameFlags.None)), streamId);
        pipe.Send(buffer.AsSpan(0, FrameHeader.Size + first));
        Span<byte> header = stackalloc byte[FrameHeader.Size];
        for (int at = first; at < length;)
        {
            int part = Math.Min(length - at, MaxPayload);
            FrameHeader.Write(header, part, FrameType.Continuation, at + part == length ? FrameFlags.EndHeaders : FrameFlags.None, streamId);
            pipe.Send(header);
            pipe.Send(buffer.AsSpan(FrameHeader.Size + at, part));
            at += part;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }
}
