using System.Text;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Tests.Http2;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>What a peer in HTTP/2 says through a pipe, and hears, frame by frame.</summary>
internal sealed class Http2Talk(HeldPipe pipe)
{
    private readonly HpackDecoder _decoder = new(100_000);
    private int _read;

    public HeldPipe Pipe => pipe;

    public void Say(params byte[] bytes) => pipe.Receive(Encoding.Latin1.GetString(bytes));

    public void Head(int stream, bool isEnd, params (string Name, string Value)[] fields) =>
        Say(Wire.Frame(FrameType.Headers, (byte)(FrameFlags.EndHeaders | (isEnd ? FrameFlags.EndStream : FrameFlags.None)), stream, Wire.Block(fields)));

    public void Data(int stream, string text, bool isEnd = false) =>
        Say(Wire.Frame(FrameType.Data, isEnd ? FrameFlags.EndStream : FrameFlags.None, stream, Encoding.Latin1.GetBytes(text)));

    /// <summary>What has come since the last time, without SETTINGS and WINDOW_UPDATE: heads as their fields, DATA as its text; <c>$</c> ends a stream.</summary>
    public List<string> Heard()
    {
        byte[] bytes = Encoding.Latin1.GetBytes(pipe.Sent);
        int preface = bytes.AsSpan().StartsWith(Http2Connection.Preface) ? Http2Connection.Preface.Length : 0;
        ReadOnlySpan<byte> rest = bytes.AsSpan(Math.Max(_read, preface));
        List<string> heard = [];
        while (rest.Length >= FrameHeader.Size)
        {
            FrameHeader header = FrameHeader.Read(rest);
            ReadOnlySpan<byte> payload = rest.Slice(FrameHeader.Size, header.Length);
            string end = header.Type is FrameType.Data or FrameType.Headers && header.Has(FrameFlags.EndStream) ? "$" : "";
            if (header.Type is not (FrameType.Settings or FrameType.WindowUpdate))
            {
                heard.Add(header.Type switch
                {
                    FrameType.Headers => $"{header.StreamId} {Fields(payload)}{end}",
                    FrameType.Data => $"{header.StreamId} {Encoding.Latin1.GetString(payload)}{end}",
                    _ => Wire.Read(rest[..(FrameHeader.Size + header.Length)])[0],
                });
            }

            rest = rest[(FrameHeader.Size + header.Length)..];
        }

        _read = bytes.Length - rest.Length;
        return heard;
    }

    private string Fields(ReadOnlySpan<byte> block)
    {
        FieldList fields = new();
        FieldReader reader = new();
        reader.Begin(fields);
        Assert.True(_decoder.TryDecode(block, reader, out _));
        reader.End();
        Assert.Null(reader.Defect);
        StringBuilder text = new();
        text.Append(reader.Status > 0 ? $"{reader.Status}" : reader.Method is null ? "" : $"{reader.Method} {reader.Protocol} {reader.Scheme} {reader.Authority} {reader.Path}");
        for (int i = 0; i < fields.Count; i++)
        {
            text.Append(' ').Append(fields.Name(i)).Append('=').Append(fields.Value(i));
        }

        return text.ToString();
    }
}
