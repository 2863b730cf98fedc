using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>Takes a body out of the bytes of a connection, chunk by chunk (RFC 9112 section 7.1). Loop-affine.</summary>
internal struct BodyReader
{
    private const int MaxChunkLine = 256;
    private const int MaxTrailers = 8 * 1024;

    // Framing, routing and proofs of identity are decided before a body; behind it they could only deceive a reader that merges them (RFC 9110 section 6.5.1).
    private static readonly string[] NeverTrailers =
    [
        "content-length", "transfer-encoding", "host", "connection", "proxy-connection", "keep-alive", "te", "trailer", "upgrade", "expect", "authorization", "proxy-authorization", "cookie",
        "set-cookie", "content-encoding", "content-type", "content-range", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-client-cert",
    ];

    private BodyKind _kind;
    private long _left;
    private Phase _phase;
    private int _lineLength;
    private byte[]? _trailerText;
    private int _trailerLength;

    /// <summary>Whether the body is over.</summary>
    public readonly bool IsComplete => _phase == Phase.Done;

    /// <summary>Whether what came is no body.</summary>
    public bool IsBad { get; private set; }

    /// <summary>The trailer fields of a chunked body; null without any.</summary>
    public FieldList? Trailers { get; private set; }

    public static BodyReader Of(in BodyFraming framing) => new()
    {
        _kind = framing.Kind,
        _left = framing.Length,
        _phase = framing.IsEmpty ? Phase.Done : framing.Kind == BodyKind.Chunked ? Phase.Size : Phase.Data,
    };

    /// <summary>Takes fields away that may not be trailers.</summary>
    public static void RemoveForbidden(FieldList trailers)
    {
        foreach (string name in NeverTrailers)
        {
            trailers.Remove(name);
        }
    }

    /// <summary>The connection ended; whether that is how this body ends.</summary>
    public bool EndOfConnection()
    {
        if (_kind == BodyKind.UntilClose)
        {
            _phase = Phase.Done;
        }

        return _phase == Phase.Done;
    }

    /// <summary>Reads on: <paramref name="data"/> is a part of the body (or empty), the return value how many bytes were used for it.</summary>
    public int Read(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> data)
    {
        data = default;
        int at = 0;
        while (at < bytes.Length && _phase != Phase.Done && !IsBad)
        {
            if (_phase == Phase.Data)
            {
                int length = _kind is BodyKind.UntilClose or BodyKind.Upgraded ? bytes.Length - at : (int)Math.Min(_left, bytes.Length - at);
                data = bytes.Slice(at, length);
                _left -= length;
                if (_left == 0)
                {
                    _phase = _kind == BodyKind.Chunked ? Phase.DataEnd : Phase.Done;
                }

                return at + length;
            }

            Step(bytes[at++]);
        }

        return at;
    }

    private void Step(byte b)
    {
        switch (_phase)
        {
            case Phase.Size:
                SizeByte(b);
                break;
            case Phase.Extension:
                // Extensions mean nothing to anybody, but a lone line end in them is read differently by others.
                if (b == '\r')
                {
                    _phase = Phase.SizeEnd;
                }
                else if (b < 0x20 && b != '\t' || ++_lineLength > MaxChunkLine)
                {
                    IsBad = true;
                }

                break;
            case Phase.SizeEnd:
                IsBad = b != '\n';
                _phase = _left > 0 ? Phase.Data : Phase.Trailer;
                _lineLength = 0;
                break;
            case Phase.DataEnd:
                IsBad = b != '\r';
                _phase = Phase.DataEndLine;
                break;
            case Phase.DataEndLine:
                IsBad = b != '\n';
                _phase = Phase.Size;
                (_lineLength, _left) = (0, 0);
                break;
            default:
                TrailerByte(b);
                break;
        }
    }

    private void SizeByte(byte b)
    {
        int digit = b is >= (byte)'0' and <= (byte)'9' ? b - '0' : (b | 0x20) is >= 'a' and <= 'f' ? (b | 0x20) - 'a' + 10 : -1;
        if (digit >= 0)
        {
            _left = _lineLength == 0 ? digit : (_left * 16) + digit;
            IsBad = ++_lineLength > 15;
        }
        else if (_lineLength == 0 || b is not ((byte)'\r' or (byte)';'))
        {
            IsBad = true;
        }
        else
        {
            _phase = b == '\r' ? Phase.SizeEnd : Phase.Extension;
        }
    }

    private void TrailerByte(byte b)
    {
        _trailerText ??= new byte[128];
        if (_trailerLength == _trailerText.Length)
        {
            if (_trailerLength >= MaxTrailers)
            {
                IsBad = true;
                return;
            }

            Array.Resize(ref _trailerText, _trailerLength * 2);
        }

        _trailerText[_trailerLength++] = b;
        ReadOnlySpan<byte> text = _trailerText.AsSpan(0, _trailerLength);
        if (b != '\n' || !(text.SequenceEqual("\r\n"u8) || text.EndsWith("\r\n\r\n"u8)))
        {
            IsBad = b == '\n' && !text.EndsWith("\r\n"u8);
            return;
        }

        if (_trailerLength > 2)
        {
            FieldList trailers = new();
            int at = 0;
            IsBad = FieldParser.Read(text, ref at, trailers, out _) != ParseStatus.Complete;
            RemoveForbidden(trailers);

            Trailers = trailers;
        }

        _trailerText = null;
        _phase = Phase.Done;
    }

    private enum Phase : byte
    {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataEnd,
        DataEndLine,
        Trailer,
        Done,
    }
}
