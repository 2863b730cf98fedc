using System.Text;

namespace Ambient.Hbone.Headers;

/// <summary>Encodes header blocks without state: static indexes and literals without indexing (RFC 7541 section 6.2.2).</summary>
/// <param name="destination">Has room for everything; what a field takes at most is <see cref="MaxFieldOverhead"/> and its text.</param>
public ref struct HeaderWriter(Span<byte> destination)
{
    /// <summary>What a field takes beside its text, bytes at most.</summary>
    public const int MaxFieldOverhead = 12;

    private const int IndexAuthority = 1;
    private const int IndexMethod = 2;
    private const int IndexStatus = 8;
    private const int IndexPath = 4;
    private const int IndexScheme = 6;
    private const byte NeverIndexed = 0x10;
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>The block so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _destination[..Length];

    /// <summary>An upper bound of the bytes that a request takes.</summary>
    internal static int Bound(ConnectRequest request) =>
        96 + Size(request.Authority) + Size(request.Baggage) + Size(request.Forwarded) + Size(request.Traceparent) + Size(request.ForwardedNetwork) + Size(request.Source);

    /// <summary>An upper bound of the bytes that a response takes.</summary>
    internal static int Bound(in ConnectResponse response) => 32 + Size(response.Baggage);

    internal void Request(ConnectRequest request)
    {
        Indexed(IndexMethod, "CONNECT");
        Indexed(IndexAuthority, request.Authority);
        Optional("baggage"u8, request.Baggage);
        Optional("forwarded"u8, request.Forwarded);
        Optional("traceparent"u8, request.Traceparent);
        Optional("x-forwarded-network"u8, request.ForwardedNetwork);
        Optional("x-istio-source"u8, request.Source);
    }

    internal void Response(in ConnectResponse response)
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

    /// <summary>The pseudo-header fields of a request.</summary>
    public void RequestLine(scoped ReadOnlySpan<char> method, scoped ReadOnlySpan<char> scheme, scoped ReadOnlySpan<char> authority, scoped ReadOnlySpan<char> path)
    {
        if (method is "GET" or "POST")
        {
            _destination[Length++] = (byte)(0x80 | (method is "GET" ? IndexMethod : IndexMethod + 1));
        }
        else
        {
            _destination[Length++] = IndexMethod;
            Latin(method);
        }

        _destination[Length++] = (byte)(0x80 | (scheme is "https" ? IndexScheme + 1 : IndexScheme));
        _destination[Length++] = IndexAuthority;
        Latin(authority);
        _destination[Length++] = IndexPath;
        Latin(path);
    }

    /// <summary>The status of a response, three digits.</summary>
    public void Status(int status)
    {
        int index = status switch { 200 => 8, 204 => 9, 206 => 10, 304 => 11, 400 => 12, 404 => 13, 500 => 14, _ => 0 };
        if (index > 0)
        {
            _destination[Length++] = (byte)(0x80 | index);
            return;
        }

        _destination[Length++] = IndexStatus;
        _destination[Length++] = 3;
        status.TryFormat(_destination[Length..], out int digits, default, System.Globalization.CultureInfo.InvariantCulture);
        Length += digits;
    }

    /// <summary>A field; its characters are octets. A secret one is marked so that nobody on the way puts it into a table (RFC 7541 section 7.1.3).</summary>
    public void Field(scoped ReadOnlySpan<char> name, scoped ReadOnlySpan<char> value, bool isSecret = false)
    {
        _destination[Length++] = isSecret ? NeverIndexed : (byte)0;
        Latin(name);
        Latin(value);
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

    private void Latin(scoped ReadOnlySpan<char> text)
    {
        Integer(text.Length);
        Length += Encoding.Latin1.GetBytes(text, _destination[Length..]);
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
