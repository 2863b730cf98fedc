using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;
using Ambient.Routing.Tokens;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>RequestAuthentications for a waypoint (waypoint reference 2.7).</summary>
internal sealed class TokenCompiler(WaypointScope scope, ProblemList problems)
{
    private readonly PolicyTargets _targets = new(scope);

    public IEnumerable<TokenPolicy> Compile()
    {
        foreach (RoutingObject source in scope.Of("RequestAuthentication"))
        {
            SpecReader spec = new(source, problems);
            IEnumerable<SpecReader> references = spec.Objects("targetRefs");
            references = spec.Object("targetRef") is { } one ? references.Append(one) : references;
            bool isSelecting = !references.Any() && _targets.Selects(source.Namespace, spec.Object("selector")?.Map("matchLabels") ?? new Dictionary<string, string>());
            IReadOnlyList<Attachment> attachments = isSelecting ? [new Attachment { All = true }] : _targets.Resolve(source.Namespace, references.Select(Reference));
            if (attachments.Count == 0)
            {
                continue;
            }

            problems.Use(source);
            TokenPolicy policy = new() { Namespace = source.Namespace, Name = source.Name };
            policy.Attachments.AddRange(attachments);
            policy.Rules.AddRange(spec.Objects("jwtRules").Select(Rule));
            _ = spec.Has("selector");
            spec.End();
            yield return policy;
        }
    }

    private static TargetReference Reference(SpecReader reference) => new()
    {
        Group = reference.Text("group"),
        Kind = reference.Text("kind"),
        Name = reference.Text("name"),
        Namespace = reference.Text("namespace"),
    };

    /// <summary>What is fetched is looked at when it comes; what is written here nobody else looks at.</summary>
    private static void Judge(SpecReader rule, string inline, string? keys)
    {
        if (inline.Length > 0 && !KeySetCheck.IsUsable(inline, out string? problem))
        {
            rule.Invalid("jwks", $"cannot be used: {problem}; every token of the issuer is refused");
        }

        if (keys is not null && KeySetCheck.PassedOver(keys) is { Count: > 0 } kinds)
        {
            rule.Problems.Add(rule.Source, RoutingProblem.UnsupportedValue, $"{rule.Path}: keys of the kind {string.Join(", ", kinds)} are not supported; RSA, EC and oct are. Tokens that are signed with them are refused");
        }
    }

    private TokenRule Rule(SpecReader rule)
    {
        string issuer = rule.Text("issuer");
        string inline = rule.Text("jwks");
        string address = rule.Has("jwksUri") ? rule.Text("jwksUri") : rule.Text("jwks_uri");
        TimeSpan timeout = rule.Milliseconds("timeout") is { } given and > 0 ? TimeSpan.FromMilliseconds(given) : KeySource.UsualTimeout;
        var from = new KeySource(issuer, address, timeout);
        string? keys = inline.Length > 0 ? inline : scope.Keys(from);

        // While they are fetched for the first time there is nothing to say yet.
        if (keys is null && scope.KeysMissing(from) is { } reason)
        {
            problems.Add(rule.Source, RoutingProblem.Invalid, $"{rule.Path}: the keys of {issuer} could not be had{(address.Length > 0 ? $" from {address}" : "")} ({reason}); every token of it is refused");
        }

        if (issuer.Length == 0)
        {
            rule.Invalid("issuer", "is required; every token is refused");
        }

        Judge(rule, inline, keys);
        TokenRule compiled = new()
        {
            Issuer = issuer,
            Keys = keys ?? "",
            ForwardOriginal = rule.Flag("forwardOriginalToken"),
            PayloadHeader = rule.Text("outputPayloadToHeader"),
            Audiences = { rule.Texts("audiences") },
            FromParams = { rule.Texts("fromParams") },
            FromCookies = { rule.Texts("fromCookies") },
            SpaceDelimitedClaims = { rule.Texts("spaceDelimitedClaims") },
        };
        compiled.FromHeaders.AddRange(rule.Objects("fromHeaders").Select(header => new TokenHeader { Name = header.Text("name"), Prefix = header.Text("prefix") }));
        compiled.ClaimHeaders.AddRange(rule.Objects("outputClaimToHeaders").Select(claim => new ClaimHeader { Header = claim.Text("header"), Claim = claim.Text("claim") }));
        rule.End();
        return compiled;
    }
}
