using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// One call in gRPC-Web, for an endpoint that speaks gRPC: browsers can neither send nor read trailers, so these are the last message of the body there, and the text form
/// is Base64, in pieces that may each be padded (gRPC's PROTOCOL-WEB). Loop-affine.
/// </summary>
internal sealed class GrpcWebTranslation
{
    private const string Web = "application/grpc-web";
    private const string Text = "application/grpc-web-text";
    private const byte TrailersFlag = 0x80;

    private readonly bool _isTextRequest;
    private readonly bool _isTextAnswer;
    private readonly string _suffix;
    private int _group;
    private int _digits;
    private int _padding;
    private bool _isTranslating;

    private GrpcWebTranslation(bool isTextRequest, bool isTextAnswer, string suffix)
    {
        _isTextRequest = isTextRequest;
        _isTextAnswer = isTextAnswer;
        _suffix = suffix;
    }

    /// <summary>Whether the client's body is to be decoded.</summary>
    public bool IsTextRequest => _isTextRequest;

    /// <summary>Whether the answer is gRPC, so that its body and trailers are translated.</summary>
    public bool IsTranslating => _isTranslating;

    /// <summary>The content type of answers.</summary>
    public string ContentType => (_isTextAnswer ? Text : Web) + (_suffix.Length > 0 ? _suffix : "+proto");

    /// <summary>The translation for a request; null when it is no call in gRPC-Web.</summary>
    public static GrpcWebTranslation? Of(RequestHead head)
    {
        if (head.Method != "POST" || !head.Fields.TryGet("content-type", out ReadOnlySpan<char> type) || !type.StartsWith(Web, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        bool isText = type.StartsWith(Text, StringComparison.OrdinalIgnoreCase);
        ReadOnlySpan<char> rest = type[(isText ? Text.Length : Web.Length)..];
        if (rest.Length > 0 && rest[0] is not ('+' or ';'))
        {
            return null;
        }

        int end = rest.IndexOf(';');
        string suffix = (end < 0 ? rest : rest[..end]).Trim().ToString();
        bool wantsText = head.Fields.TryGet("accept", out ReadOnlySpan<char> accept) && accept.Contains(Web, StringComparison.OrdinalIgnoreCase)
            ? accept.Contains(Text, StringComparison.OrdinalIgnoreCase)
            : isText;
        return new GrpcWebTranslation(isText, wantsText, suffix);
    }

    /// <summary>The request as an endpoint wants it.</summary>
    public void Apply(RequestHead head)
    {
        head.Fields.Set("content-type", "application/grpc" + _suffix);
        head.Fields.Set("te", "trailers");
        head.Fields.Set("grpc-accept-encoding", "identity,deflate,gzip");
        head.Fields.Remove("content-length");
    }

    /// <summary>The longest text that so many bytes become.</summary>
    public static int DecodedBound(int length) => (length * 3 / 4) + 3;

    /// <summary>Decodes a part of a text request; how many bytes, or −1 when it is no Base64.</summary>
    public int Decode(ReadOnlySpan<byte> text, Span<byte> into)
    {
        int written = 0;
        foreach (byte c in text)
        {
            int digit = c switch
            {
                >= (byte)'A' and <= (byte)'Z' => c - 'A',
                >= (byte)'a' and <= (byte)'z' => c - 'a' + 26,
                >= (byte)'0' and <= (byte)'9' => c - '0' + 52,
                (byte)'+' => 62,
                (byte)'/' => 63,
                (byte)'=' when _digits >= 2 => 0,
                _ => -1,
            };
            if (digit < 0 || (_padding > 0 && c != '='))
            {
                return -1;
            }

            _padding += c == '=' ? 1 : 0;
            _group = (_group << 6) | digit;
            if (++_digits < 4)
            {
                continue;
            }

            for (int i = 0; i < 3 - _padding; i++)
            {
                into[written++] = (byte)(_group >> (16 - (8 * i)));
            }

            (_group, _digits, _padding) = (0, 0, 0);
        }

        return written;
    }

    /// <summary>Whether a text request ended in the middle of a group.</summary>
    public bool IsTorn => _digits > 0;

    /// <summary>Looks at the head of an answer; one that is not gRPC passes as it is.</summary>
    public void Answer(FieldList fields)
    {
        _isTranslating = fields.TryGet("content-type", out ReadOnlySpan<char> type) && RequestHead.IsGrpcType(type);
        if (_isTranslating)
        {
            fields.Set("content-type", ContentType);
            fields.Remove("content-length");
        }
    }

    /// <summary>Writes a part of an answer's body.</summary>
    public void Body(ReadOnlySpan<byte> data, IRequestSource client)
    {
        if (!_isTextAnswer)
        {
            client.SendData(data);
            return;
        }

        byte[] text = ArrayPool<byte>.Shared.Rent(Base64.GetMaxEncodedToUtf8Length(data.Length));
        Base64.EncodeToUtf8(data, text, out _, out int length);
        client.SendData(text.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(text);
    }

    /// <summary>Writes the trailers as the last message.</summary>
    public void Trailers(FieldList trailers, IRequestSource client)
    {
        byte[] message = ArrayPool<byte>.Shared.Rent(5 + trailers.TextLength + (3 * trailers.Count));
        int at = 5;
        for (int i = 0; i < trailers.Count; i++)
        {
            at += Encoding.Latin1.GetBytes(trailers.Name(i), message.AsSpan(at));
            message[at++] = (byte)':';
            at += Encoding.Latin1.GetBytes(trailers.Value(i), message.AsSpan(at));
            message[at++] = (byte)'\r';
            message[at++] = (byte)'\n';
        }

        message[0] = TrailersFlag;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), at - 5);
        Body(message.AsSpan(0, at), client);
        ArrayPool<byte>.Shared.Return(message);
    }
}
