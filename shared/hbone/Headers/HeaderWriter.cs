using System.Text;

namespace Ambient.Hbone.Headers;

/// <summary>Encodes header blocks without state: static indexes and literals without indexing (RFC 7541 section 6.2.2).</summary>
internal ref struct HeaderWriter(Span<byte> destination)
{
    private const int IndexAuthority = 1;
    private const int IndexMethod = 2;
    private const int IndexStatus = 8;
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>The block so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    /// <summary>An upper bound of the bytes that a request takes.</summary>
    public static int Bound(ConnectRequest request) =>
        96 + Size(request.Authority) + Size(request.Baggage) + Size(request.Forwarded) + Size(request.Traceparent) + Size(request.ForwardedNetwork);

    /// <summary>An upper bound of the bytes that a response takes.</summary>
    public static int Bound(in ConnectResponse response) => 32 + Size(response.Baggage);

    public void Request(ConnectRequest request)
    {
        Indexed(IndexMethod, "CONNECT");
        Indexed(IndexAuthority, request.Authority);
        Optional("baggage"u8, request.Baggage);
        Optional("forwarded"u8, request.Forwarded);
        Optional("traceparent"u8, request.Traceparent);
        Optional("x-forwarded-network"u8, request.ForwardedNetwork);
    }

    public void Response(in ConnectResponse response)
    {
        if (response.Status == 200)
        {
            _destination[Length++] = 0x80 | IndexStatus;
        }
        else
        {
            Indexed(IndexStatus, response.Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        Optional("baggage"u8, response.Baggage);
    }

    private static int Size(string? text) => text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length) + 32;

    private void Indexed(int index, string value)
    {
        _destination[Length++] = (byte)index;
        Text(value);
    }

    private void Optional(ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            return;
        }

        _destination[Length++] = 0;
        Integer(name.Length);
        name.CopyTo(_destination[Length..]);
        Length += name.Length;
        Text(value);
    }

    private void Text(string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Integer(bytes);
        Length += Encoding.UTF8.GetBytes(value, _destination[Length..]);
    }

    private void Integer(int value)
    {
        if (value < 127)
        {
            _destination[Length++] = (byte)value;
            return;
        }

        _destination[Length++] = 127;
        for (value -= 127; value >= 128; value >>= 7)
        {
            _destination[Length++] = (byte)(value | 0x80);
        }

        _destination[Length++] = (byte)value;
    }
}
