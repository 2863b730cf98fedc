using Ambient.Protocol.L7;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Tokens;

/// <summary>
/// All token rules of one service (waypoint reference 2.7): a request without a token passes without a principal, one with a bad token does
/// not pass. Immutable.
/// </summary>
public sealed class TokenProgram
{
    private const double ClockSkewSeconds = 60;

    private readonly CompiledTokenRule[] _rules;
    private readonly TokenLocation[] _locations;

    /// <summary>Compiles rules; what cannot be used is said and refuses tokens.</summary>
    public TokenProgram(IEnumerable<TokenPolicy> policies, Action<string>? problem = null)
    {
        Action<string> say = problem ?? (static _ => { });
        _rules = [.. policies.SelectMany(policy => policy.Rules.Select(rule => new CompiledTokenRule(rule, text => say($"{policy.Namespace}/{policy.Name}: {text}")))).OrderBy(rule => rule.Issuer, StringComparer.Ordinal)];
        _locations = [.. _rules.SelectMany(rule => rule.Locations).Distinct()];
    }

    /// <summary>Whether there is nothing to check.</summary>
    public bool IsEmpty => _rules.Length == 0;

    /// <summary>Verifies the tokens of a request and edits its fields accordingly.</summary>
    public TokenVerdict Verify(RequestHead head, DateTimeOffset now)
    {
        if (_rules.Length == 0)
        {
            return TokenVerdict.Pass;
        }

        foreach (CompiledTokenRule rule in _rules)
        {
            rule.RemoveForgedHeaders(head);
        }

        if (CorsRule.IsPreflight(head))
        {
            // Browsers send it without credentials, so nothing in it is taken for a token.
            return TokenVerdict.Pass;
        }

        TokenClaims? claims = null;
        List<(CompiledTokenRule Rule, ParsedToken Token, TokenLocation Location, TokenClaims Claims)> verified = [];
        foreach (TokenLocation location in _locations)
        {
            if (location.Find(head) is not { } text)
            {
                continue;
            }

            TokenVerdict verdict = Verify(text, location, now, out CompiledTokenRule? rule, out ParsedToken? token);
            if (verdict.Status != 0)
            {
                return verdict;
            }

            claims ??= verdict.Claims;
            verified.Add((rule!, token!, location, verdict.Claims!));
        }

        foreach ((CompiledTokenRule rule, ParsedToken token, TokenLocation location, TokenClaims itsClaims) in verified)
        {
            rule.Apply(head, token, location, itsClaims);
        }

        return new TokenVerdict(0, "", claims);
    }

    private TokenVerdict Verify(string text, TokenLocation location, DateTimeOffset now, out CompiledTokenRule? accepted, out ParsedToken? token)
    {
        accepted = null;
        if (!ParsedToken.TryParse(text, out token, out string? error))
        {
            return new TokenVerdict(401, error, null);
        }

        TokenVerdict failure = new(401, "Jwt issuer is not configured", null);
        foreach (CompiledTokenRule rule in _rules)
        {
            if (!rule.Locations.Contains(location))
            {
                continue;
            }

            TokenClaims claims = rule.Claims(token);
            if (claims.Issuer != rule.Issuer)
            {
                continue;
            }

            failure = Verify(rule, token, claims, now);
            if (failure.Status == 0)
            {
                accepted = rule;
                return failure;
            }
        }

        return failure;
    }

    private static TokenVerdict Verify(CompiledTokenRule rule, ParsedToken token, TokenClaims claims, DateTimeOffset now)
    {
        double seconds = now.ToUnixTimeMilliseconds() / 1000.0;
        if (!token.TryTime("exp", out double? expires) || !token.TryTime("nbf", out double? begins))
        {
            return new TokenVerdict(401, "Jwt payload is an invalid JSON", null);
        }

        if (begins > seconds + ClockSkewSeconds)
        {
            return new TokenVerdict(401, "Jwt not yet valid", null);
        }

        if (expires < seconds - ClockSkewSeconds)
        {
            return new TokenVerdict(401, "Jwt is expired", null);
        }

        if (!rule.AcceptsAudience(claims))
        {
            return new TokenVerdict(403, "Audiences in Jwt are not allowed", null);
        }

        if (!rule.Verify(token, out bool hasKey))
        {
            return new TokenVerdict(401, hasKey ? "Jwt verification fails" : "Jwks doesn't have key to match kid or alg from Jwt", null);
        }

        return new TokenVerdict(0, "", claims);
    }
}
