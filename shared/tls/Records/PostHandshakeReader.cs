namespace Ambient.Tls.Records;

/// <summary>
/// Reads the handshake messages that may follow a handshake: NewSessionTicket is skipped, KeyUpdate is reported. Messages may
/// span records, but a KeyUpdate ends its record (RFC 8446 section 5.1). Plain fields, so that it can be handed over.
/// </summary>
internal struct PostHandshakeReader
{
    private const int HeaderLength = 4;
    private const byte NewSessionTicket = 4;
    private const byte KeyUpdate = 24;

    // RFC 8446 section 4.6.1 allows 2^16 and some for a ticket with its extensions; nobody sends a tenth of it.
    private const int MaxTicket = 1 << 17;

    private uint _header;
    private byte _headerBytes;
    private int _remaining;

    internal enum Result : byte
    {
        Nothing,
        Update,
        UpdateRequested,
        Unexpected,
        Malformed,
    }

    /// <summary>Whether a message is only half here; nothing else may come in between.</summary>
    internal readonly bool InMessage => _headerBytes != 0;

    internal readonly (uint Header, byte HeaderBytes, int Remaining) Position => (_header, _headerBytes, _remaining);

    internal static PostHandshakeReader At(uint header, byte headerBytes, int remaining) =>
        new() { _header = header, _headerBytes = headerBytes, _remaining = remaining };

    internal Result Read(ReadOnlySpan<byte> data, bool isClient)
    {
        if (data.IsEmpty)
        {
            return Result.Unexpected;
        }

        while (!data.IsEmpty)
        {
            if (_headerBytes < HeaderLength)
            {
                _header = (_header << 8) | data[0];
                _headerBytes++;
                data = data[1..];
                if (_headerBytes == HeaderLength && Begin(isClient) is var begun && begun != Result.Nothing)
                {
                    return begun;
                }

                continue;
            }

            int taken = Math.Min(_remaining, data.Length);
            if ((byte)(_header >> 24) == KeyUpdate)
            {
                return data.Length == 1 ? EndUpdate(data[0]) : Result.Unexpected;
            }

            data = data[taken..];
            _remaining -= taken;
            if (_remaining == 0)
            {
                _headerBytes = 0;
            }
        }

        return Result.Nothing;
    }

    private Result Begin(bool isClient)
    {
        _remaining = (int)(_header & 0xFFFFFF);
        switch ((byte)(_header >> 24))
        {
            case NewSessionTicket when isClient:
                return _remaining is 0 or > MaxTicket ? Result.Malformed : Result.Nothing;
            case KeyUpdate:
                return _remaining == 1 ? Result.Nothing : Result.Malformed;
            default:
                return Result.Unexpected;
        }
    }

    private Result EndUpdate(byte request)
    {
        _headerBytes = 0;
        return request switch
        {
            0 => Result.Update,
            1 => Result.UpdateRequested,
            _ => Result.Malformed,
        };
    }
}
