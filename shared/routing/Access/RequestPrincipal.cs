using Ambient.Routing.Tokens;

namespace Ambient.Routing.Access;

/// <summary>A request principal with its wildcards (waypoint reference 2.6.4). Immutable.</summary>
internal sealed class RequestPrincipal
{
    private readonly ValueMatch? _issuer;
    private readonly ValueMatch? _subject;

    private RequestPrincipal(ValueMatch? issuer, ValueMatch? subject)
    {
        _issuer = issuer;
        _subject = subject;
    }

    public static RequestPrincipal Parse(string value)
    {
        int slash = value.LastIndexOf('/');
        ValueMatch any = new("*");
        return value switch
        {
            "*" => new RequestPrincipal(any, any),
            [.., '/', '*'] => new RequestPrincipal(new ValueMatch(value[..slash]), any),
            ['*', '/', ..] => new RequestPrincipal(any, new ValueMatch(value[2..])),
            ['*', ..] => new RequestPrincipal(null, new ValueMatch(value)),
            [.., '*'] => new RequestPrincipal(new ValueMatch(value), null),
            _ when slash >= 0 => new RequestPrincipal(new ValueMatch(value[..slash]), new ValueMatch(value[(slash + 1)..])),
            _ => new RequestPrincipal(new ValueMatch(value), new ValueMatch("")),
        };
    }

    public bool Matches(TokenClaims claims) => _issuer?.Matches(claims.Issuer) != false && _subject?.Matches(claims.Subject) != false;
}
