using System.Formats.Asn1;

namespace Ambient.Tls.Verification;

/// <summary>Walks DER elements without throwing: a malformed element reads as false. A position in foreign bytes; not shared.</summary>
internal ref struct DerReader(ReadOnlySpan<byte> data, int origin = 0)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;

    internal readonly bool IsAtEnd => _position == _data.Length;

    /// <summary>The next element's identifier octet, 0 at the end.</summary>
    internal readonly byte PeekTag => _position < _data.Length ? _data[_position] : (byte)0;

    /// <summary>Reads one element with exactly this identifier octet (class, constructed, number below 31).</summary>
    internal bool TryRead(byte tag, out DerElement element)
    {
        element = default;
        if (PeekTag != tag || _position >= _data.Length)
        {
            return false;
        }

        if (!AsnDecoder.TryReadEncodedValue(
                _data[_position..], AsnEncodingRules.DER, out _, out int contentOffset, out int contentLength, out int consumed))
        {
            return false;
        }

        int start = origin + _position;
        element = new DerElement(start, start + contentOffset, contentLength, _data.Slice(_position + contentOffset, contentLength));
        _position += consumed;
        return true;
    }

    /// <summary>Reads one element whatever its tag.</summary>
    internal bool TryReadAny(out DerElement element) => TryRead(PeekTag, out element);
}
