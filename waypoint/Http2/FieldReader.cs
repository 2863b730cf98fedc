using System.Text;
using Ambient.Hbone.Headers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Http2;

/// <summary>
/// Takes the fields of one header block and holds them to what HTTP/1.1 allows as well: whatever could become two messages, or another one, behind a
/// translation is a defect (RFC 9113 sections 8.2, 8.3, 10.3). Reused; not thread-safe.
/// </summary>
internal sealed class FieldReader : IHeaderSink
{
    private readonly FieldList _ignored = new();
    private FieldList _fields;
    private string _lastAuthority = "";
    private string _lastPath = "/";
    private bool _regularSeen;
    private int _cookies;

    public FieldReader() => _fields = _ignored;

    /// <summary>What makes the message malformed; null for nothing.</summary>
    public string? Defect { get; private set; }

    /// <summary>Whether there are more fields than allowed.</summary>
    public bool HasTooMany { get; private set; }

    /// <summary>:method.</summary>
    public string? Method { get; private set; }

    /// <summary>:scheme.</summary>
    public string? Scheme { get; private set; }

    /// <summary>:authority.</summary>
    public string? Authority { get; private set; }

    /// <summary>:path.</summary>
    public string? Path { get; private set; }

    /// <summary>:protocol, what CONNECT wants to speak (RFC 8441 section 4).</summary>
    public string? Protocol { get; private set; }

    /// <summary>:status; 0 without one.</summary>
    public int Status { get; private set; }

    /// <summary>Whether there is any pseudo-header field.</summary>
    public bool HasPseudo => Method is not null || Scheme is not null || Authority is not null || Path is not null || Protocol is not null || Status != 0;

    /// <summary>Content-Length; −1 without one.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Begins a block whose fields go into a list, or nowhere.</summary>
    public void Begin(FieldList? into)
    {
        _ignored.Clear();
        _fields = into ?? _ignored;
        _regularSeen = HasTooMany = false;
        _cookies = Status = 0;
        Defect = Method = Scheme = Authority = Path = Protocol = null;
        ContentLength = -1;
    }

    /// <summary>The block is over.</summary>
    public void End()
    {
        if (_cookies > 1)
        {
            // Crumbs are for the table's sake; everybody else wants one line (RFC 9113 section 8.2.3).
            StringBuilder joined = new();
            for (int i = _fields.Find("cookie"); i >= 0; i = _fields.Find("cookie", i + 1))
            {
                (joined.Length == 0 ? joined : joined.Append("; ")).Append(_fields.Value(i));
            }

            _fields.Set("cookie", joined.ToString());
        }

        _fields = _ignored;
    }

    /// <inheritdoc/>
    public void OnField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!FieldRules.IsWellFormed(name, value) || !FieldParser.IsValue(value))
        {
            Defect ??= "a field name or value has a forbidden character";
            return;
        }

        if (FieldRules.IsPseudo(name))
        {
            Pseudo(name, value);
            return;
        }

        _regularSeen = true;
        if (FieldRules.IsOfConnection(name, value) || !FieldParser.IsToken(name))
        {
            Defect ??= "a field that is not allowed in HTTP/2";
            return;
        }

        if (name.SequenceEqual("content-length"u8))
        {
            Length(value);
        }

        _cookies += name.SequenceEqual("cookie"u8) ? 1 : 0;

        // Crumbs of a cookie count as one.
        HasTooMany |= _fields.Count - Math.Max(0, _cookies - 1) >= FieldParser.MaxFields;
        if (!HasTooMany)
        {
            _fields.Add(name, value);
        }
    }

    private void Length(ReadOnlySpan<byte> value)
    {
        if (ContentLength >= 0 || value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            Defect ??= "a content-length that is no number, or not the only one";
            return;
        }

        long length = 0;
        foreach (byte digit in value)
        {
            length = (length * 10) + digit - '0';
        }

        ContentLength = length;
    }

    private void Pseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_regularSeen)
        {
            Defect ??= "a pseudo-header field behind a regular one";
        }
        else if (name.SequenceEqual(":method"u8) && Method is null && FieldParser.IsToken(value))
        {
            Method = RequestParser.Method(value);
        }
        else if (name.SequenceEqual(":path"u8) && Path is null && value.Length > 0 && !value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e))
        {
            Path = Remembered(value, ref _lastPath);
        }
        else if (name.SequenceEqual(":scheme"u8) && Scheme is null && (value.SequenceEqual("http"u8) || value.SequenceEqual("https"u8)))
        {
            Scheme = value.Length == 4 ? "http" : "https";
        }
        else if (name.SequenceEqual(":authority"u8) && Authority is null)
        {
            Authority = Remembered(value, ref _lastAuthority);
        }
        else if (name.SequenceEqual(":protocol"u8) && Protocol is null && FieldParser.IsToken(value))
        {
            Protocol = value.SequenceEqual("websocket"u8) ? "websocket" : Encoding.Latin1.GetString(value);
        }
        else if (name.SequenceEqual(":status"u8) && Status == 0 && value.Length == 3 && value[0] is >= (byte)'1' and <= (byte)'9' && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + value[2] - '0';
        }
        else
        {
            Defect ??= "a pseudo-header field that is unknown, malformed or there twice";
        }
    }

    // Requests resemble each other: what was read last needs no string of its own.
    private static string Remembered(ReadOnlySpan<byte> value, ref string last)
    {
        if (!Ascii.Equals(value, last))
        {
            last = Encoding.Latin1.GetString(value);
        }

        return last;
    }
}
