using System.Globalization;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Actions;

/// <summary>A redirect and how its location is made (waypoint reference 2.1.2). Immutable.</summary>
public sealed class RedirectRule
{
    private readonly Redirect _source;

    internal RedirectRule(Redirect source) => _source = source;

    /// <summary>Its status.</summary>
    public int Status => (int)_source.Status;

    /// <summary>Where to.</summary>
    /// <param name="head">The request.</param>
    /// <param name="matched">What its path matched.</param>
    /// <param name="servicePort">The port that was dialled.</param>
    public string Location(RequestHead head, PathMatcher matched, ushort servicePort)
    {
        string scheme = _source.Scheme.Length > 0 ? _source.Scheme : head.Scheme;
        (string host, string port) = Split(head.Authority);
        if (_source.Authority.Length > 0)
        {
            (host, port) = Split(_source.Authority);
        }

        if (_source.Port != 0)
        {
            port = _source.Port.ToString(CultureInfo.InvariantCulture);
        }
        else if (_source.RequestPort)
        {
            port = servicePort.ToString(CultureInfo.InvariantCulture);
        }

        bool isDefault = port == (scheme == "https" ? "443" : "80");

        // A port that the new scheme has anyway is left out, and so is one that only the old scheme had.
        bool isOldDefault = scheme != head.Scheme && _source.Port == 0 && !_source.RequestPort && port == (head.Scheme == "https" ? "443" : "80");
        string shown = port.Length == 0 || isDefault || isOldDefault ? "" : ":" + port;
        return $"{scheme}://{host}{shown}{Target(head, matched)}";
    }

    private string Target(RequestHead head, PathMatcher matched) => _source.PathCase switch
    {
        Redirect.PathOneofCase.FullPath => _source.FullPath.Contains('?', StringComparison.Ordinal) ? _source.FullPath : string.Concat(_source.FullPath, head.Query),
        Redirect.PathOneofCase.Prefix => string.Concat(PathRewrite.ReplacePrefix(head.Path, matched, _source.Prefix, _source.BySegment), head.Query),
        _ => head.Target,
    };

    private static (string Host, string Port) Split(string authority)
    {
        int colon = authority.LastIndexOf(':');
        return colon < 0 || authority.EndsWith(']') ? (authority, "") : (authority[..colon], authority[(colon + 1)..]);
    }
}
