using System.Text;
using System.Text.Json;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Microsoft.IdentityModel.Tokens;

namespace Ambient.Routing.Tokens;

/// <summary>One issuer's rule (waypoint reference 2.7). Immutable.</summary>
internal sealed class CompiledTokenRule
{
    private readonly TokenRule _source;
    private readonly SigningKeys _keys;
    private readonly string[] _audiences;

    public CompiledTokenRule(TokenRule source, Action<string> problem)
    {
        _source = source;
        _keys = SigningKeys.Read(source.Keys, out string? unusable);
        if (unusable is not null)
        {
            problem($"issuer {source.Issuer}: {unusable}; every token of it is refused");
        }

        _audiences = [.. source.Audiences.Select(Audience)];
        HasLocations = source.FromHeaders.Count + source.FromParams.Count + source.FromCookies.Count > 0;
        Locations = [.. Find(source, HasLocations)];
    }

    public string Issuer => _source.Issuer;

    public bool HasLocations { get; }

    /// <summary>Where its tokens may be.</summary>
    public IReadOnlyList<TokenLocation> Locations { get; }

    /// <summary>Whether its audiences are among those of the token.</summary>
    public bool AcceptsAudience(TokenClaims claims) => _audiences.Length == 0 || claims.Values(["aud"]).Any(audience => _audiences.Contains(Audience(audience)));

    public bool Verify(ParsedToken token, out bool hasKey) => _keys.Verify(token.Algorithm, token.KeyId, token.Signed, token.Signature, out hasKey);

    public TokenClaims Claims(ParsedToken token) => new(token.Payload, _source.SpaceDelimitedClaims);

    /// <summary>Claim headers are ours alone: whatever a client sends in them is removed, also without a token.</summary>
    public void RemoveForgedHeaders(RequestHead head)
    {
        if (_source.PayloadHeader.Length > 0)
        {
            head.Fields.Remove(_source.PayloadHeader);
        }

        foreach (ClaimHeader claim in _source.ClaimHeaders)
        {
            head.Fields.Remove(claim.Header);
        }
    }

    /// <summary>Hands on what was verified, and takes the token away unless it is wanted.</summary>
    public void Apply(RequestHead head, ParsedToken token, TokenLocation location, TokenClaims claims)
    {
        if (!_source.ForwardOriginal)
        {
            location.Remove(head);
        }

        if (_source.PayloadHeader.Length > 0)
        {
            head.Fields.Set(_source.PayloadHeader, token.PayloadText);
        }

        foreach (ClaimHeader claim in _source.ClaimHeaders)
        {
            if (claims.TryGet(claim.Claim.Split('.'), out JsonElement value) && Text(value) is { } text)
            {
                head.Fields.Set(claim.Header, text);
            }
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        // Text with control characters would be a header of the token's own making.
        JsonValueKind.String => value.GetString() is { } text && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.AsSpan().ContainsAnyExceptInRange('\0', '\x7e') ? text : null,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number when value.TryGetInt64(out long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        JsonValueKind.Null => null,
        _ => Base64UrlEncoder.Encode(Encoding.UTF8.GetBytes(value.GetRawText())),
    };

    private static string Audience(string audience)
    {
        string bare = audience.StartsWith("https://", StringComparison.Ordinal) ? audience[8..] : audience.StartsWith("http://", StringComparison.Ordinal) ? audience[7..] : audience;
        return bare.TrimEnd('/');
    }

    private static IEnumerable<TokenLocation> Find(TokenRule source, bool hasLocations)
    {
        if (!hasLocations)
        {
            yield return new TokenLocation(TokenPlace.Header, "authorization", "Bearer ");
            yield return new TokenLocation(TokenPlace.Query, "access_token", "");
        }

        foreach (TokenHeader header in source.FromHeaders)
        {
            yield return new TokenLocation(TokenPlace.Header, header.Name.ToLowerInvariant(), header.Prefix);
        }

        foreach (string parameter in source.FromParams)
        {
            yield return new TokenLocation(TokenPlace.Query, parameter, "");
        }

        foreach (string cookie in source.FromCookies)
        {
            yield return new TokenLocation(TokenPlace.Cookie, cookie, "");
        }
    }
}
