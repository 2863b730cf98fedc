using System.Diagnostics.CodeAnalysis;
using Ambient.Protocol.L7;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;
using Google.Protobuf.Collections;

namespace Ambient.Routing.Routes;

/// <summary>All conditions of one route; each must hold. Immutable.</summary>
internal sealed class RouteMatch
{
    private readonly TextMatcher? _scheme;
    private readonly TextMatcher? _method;
    private readonly NamedCondition[] _headers;
    private readonly NamedCondition[] _query;
    private readonly ClaimCondition[] _claims;
    private readonly string _clientNamespace;

    private RouteMatch(HttpMatch match, PathMatcher path, TextMatcher?[] texts, NamedCondition[] headers, NamedCondition[] query, ClaimCondition[] claims)
    {
        Path = path;
        (_scheme, _method, Authority) = (texts[0], texts[1], texts[2]);
        _headers = headers;
        _query = query;
        _claims = claims;
        _clientNamespace = match.ClientNamespace;
    }

    public PathMatcher Path { get; }

    public TextMatcher? Authority { get; }

    public IReadOnlyList<NamedCondition> Headers => _headers;

    public IReadOnlyList<NamedCondition> Query => _query;

    public static bool TryCompile(HttpMatch match, [NotNullWhen(true)] out RouteMatch? compiled, [NotNullWhen(false)] out string? error)
    {
        compiled = null;
        if (!PathMatcher.TryCompile(match.Path, out PathMatcher? path, out error))
        {
            error = "path: " + error;
            return false;
        }

        TextMatcher?[] texts = new TextMatcher?[3];
        TextMatch?[] given = [match.Scheme, match.Method, match.Authority];
        for (int i = 0; i < texts.Length; i++)
        {
            if (given[i] is { } text && !TextMatcher.TryCompile(text, out texts[i], out error))
            {
                return false;
            }
        }

        if (!TryNamed(match.Headers, isHeader: true, out NamedCondition[] headers, out error) || !TryNamed(match.Query, isHeader: false, out NamedCondition[] query, out error))
        {
            return false;
        }

        ClaimCondition[] claims = new ClaimCondition[match.Claims.Count];
        for (int i = 0; i < claims.Length; i++)
        {
            if (!ClaimCondition.TryCompile(match.Claims[i], out claims[i]!, out error))
            {
                return false;
            }
        }

        compiled = new RouteMatch(match, path, texts, headers, query, claims);
        error = null;
        return true;
    }

    public bool Matches(RequestFacts facts)
    {
        RequestHead head = facts.Head!;
        if (!Path.IsMatch(head.Path)
            || _method?.IsMatch(head.Method) == false
            || Authority?.IsMatch(head.Authority) == false
            || _scheme?.IsMatch(head.Scheme) == false
            || (_clientNamespace.Length > 0 && facts.Client?.Namespace != _clientNamespace))
        {
            return false;
        }

        foreach (NamedCondition header in _headers)
        {
            if (!header.MatchesHeader(head))
            {
                return false;
            }
        }

        foreach (NamedCondition parameter in _query)
        {
            if (!parameter.MatchesQuery(head))
            {
                return false;
            }
        }

        foreach (ClaimCondition claim in _claims)
        {
            if (!claim.Matches(facts.Claims))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryNamed(RepeatedField<NamedMatch> matches, bool isHeader, out NamedCondition[] conditions, [NotNullWhen(false)] out string? error)
    {
        conditions = new NamedCondition[matches.Count];
        for (int i = 0; i < conditions.Length; i++)
        {
            if (!NamedCondition.TryCompile(matches[i], isHeader, out conditions[i]!, out error))
            {
                return false;
            }
        }

        error = null;
        return true;
    }
}
