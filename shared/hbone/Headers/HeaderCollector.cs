using System.Text;

namespace Ambient.Hbone.Headers;

/// <summary>
/// Checks the fields of a request or response (RFC 9113 sections 8.2, 8.3, 8.5) and keeps those that HBONE knows. Reused; not thread-safe.
/// </summary>
internal sealed class HeaderCollector : IHeaderSink
{
    // Requests resemble each other: what was read last is most often what is read next, and needs no string of its own.
    private string _lastAuthority = "";
    private string _lastBaggage = "";
    private bool _hasMethod;
    private bool _isConnect;
    private string? _authority;
    private string? _baggage;
    private string? _forwarded;
    private string? _traceparent;
    private string? _forwardedNetwork;
    private string? _source;
    private bool _regularSeen;
    private int _status;

    /// <summary>What is wrong with the fields, if anything: a malformed message, a stream error of type PROTOCOL_ERROR.</summary>
    public string? Defect { get; private set; }

    /// <summary>Status of a response, 0 when absent.</summary>
    public int Status => _status;

    /// <summary>The response's baggage.</summary>
    public string? Baggage => _baggage;

    /// <summary>Whether the method is CONNECT.</summary>
    public bool IsConnect => _isConnect;

    /// <summary>Whether there is a pseudo-header field that only requests have.</summary>
    public bool HasRequestFields => _hasMethod || _authority is not null || HasSchemeOrPath;

    /// <summary>Whether <c>:scheme</c> or <c>:path</c> is there, which a CONNECT must not have.</summary>
    public bool HasSchemeOrPath { get; private set; }

    public void Reset()
    {
        _hasMethod = _isConnect = false;
        _authority = _baggage = _forwarded = _traceparent = _forwardedNetwork = _source = Defect = null;
        _regularSeen = false;
        _status = 0;
        HasSchemeOrPath = false;
    }

    /// <summary>The request, when it has an authority.</summary>
    public ConnectRequest? Request() => _authority is null ? null : new ConnectRequest
    {
        Authority = _authority,
        Baggage = _baggage,
        Forwarded = _forwarded,
        Traceparent = _traceparent,
        ForwardedNetwork = _forwardedNetwork,
        Source = _source,
    };

    public void OnField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!FieldRules.IsWellFormed(name, value))
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
        if (name.SequenceEqual("baggage"u8))
        {
            string text = Latin(value, ref _lastBaggage);
            _baggage = _baggage is null ? text : _baggage + "," + text;
        }
        else if (name.SequenceEqual("forwarded"u8))
        {
            _forwarded ??= Latin(value);
        }
        else if (name.SequenceEqual("traceparent"u8))
        {
            _traceparent ??= Latin(value);
        }
        else if (name.SequenceEqual("x-forwarded-network"u8))
        {
            _forwardedNetwork ??= Latin(value);
        }
        else if (name.SequenceEqual("x-istio-source"u8))
        {
            _source ??= Latin(value);
        }
        else if (FieldRules.IsOfConnection(name, value))
        {
            Defect ??= "a connection-specific field is not allowed in HTTP/2";
        }
    }

    // Bytes beyond ASCII stay visible, so that the grammars above can refuse them.
    private static string Latin(ReadOnlySpan<byte> value) => Encoding.Latin1.GetString(value);

    private static string Latin(ReadOnlySpan<byte> value, ref string last)
    {
        if (!Ascii.Equals(value, last))
        {
            last = Latin(value);
        }

        return last;
    }

    private void Pseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_regularSeen)
        {
            Defect ??= "a pseudo-header field follows a regular one";
        }
        else if (name.SequenceEqual(":method"u8) && !_hasMethod)
        {
            _hasMethod = true;
            _isConnect = value.SequenceEqual("CONNECT"u8);
        }
        else if (name.SequenceEqual(":authority"u8) && _authority is null)
        {
            _authority = Latin(value, ref _lastAuthority);
        }
        else if (name.SequenceEqual(":status"u8) && _status == 0)
        {
            if (value.Length != 3 || !int.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _status))
            {
                Defect ??= "the status is not a number of three digits";
            }
        }
        else if (name.SequenceEqual(":scheme"u8) || name.SequenceEqual(":path"u8))
        {
            HasSchemeOrPath = true;
        }
        else
        {
            Defect ??= "an unknown or repeated pseudo-header field";
        }
    }
}
