using System.Globalization;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Routing.Matching;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;

namespace Ambient.Routing.Access;

/// <summary>
/// Compiles the fields of rules to terms; a field that cannot be evaluated here is said and left to the rule (waypoint reference 2.6.5).
/// </summary>
internal sealed class TermCompiler(AccessContext context, string policyNamespace, bool isCustom)
{
    /// <summary>What could not be evaluated.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>A field with its opposite: any of the values, and none of the others. Null when neither is given; false in <paramref name="isWhole"/> when a part was lost.</summary>
    public AccessTerm? Field(string key, IReadOnlyCollection<string> values, IReadOnlyCollection<string> notValues, ref bool isWhole)
    {
        AccessTerm? yes = One(key, values, ref isWhole);
        AccessTerm? no = One(key, notValues, ref isWhole);
        return (yes, no) switch
        {
            (not null, not null) => facts => yes(facts) && !no(facts),
            (not null, null) => yes,
            (null, not null) => facts => !no(facts),
            _ => null,
        };
    }

    private AccessTerm? One(string key, IReadOnlyCollection<string> values, ref bool isWhole)
    {
        if (values.Count == 0)
        {
            return null;
        }

        AccessTerm? term = Compile(key, [.. values]);
        isWhole &= term is not null;
        return term;
    }

    private AccessTerm? Compile(string key, string[] values)
    {
        bool needsRequest = key == "remote.ip" || key.StartsWith("request.", StringComparison.Ordinal);
        if (needsRequest && !context.IsHttp)
        {
            return Lost($"{key} needs HTTP");
        }

        if (isCustom && (key is "source.principal" or "source.namespace" or "source.serviceAccount" or "source.trustDomain" || key.StartsWith("request.auth.", StringComparison.Ordinal)))
        {
            // CUSTOM comes before tokens are verified, and its API has no identities (waypoint reference 2.6.8).
            return Lost($"{key} cannot be used in CUSTOM policies");
        }

        return key switch
        {
            "source.principal" => Identities(values),
            "source.namespace" => Glob(key, values, static client => client.Namespace),
            "source.trustDomain" => Glob(key, values, static client => client.TrustDomain),
            "source.serviceAccount" => Accounts(values),
            "source.ip" => Addresses(key, values, static facts => facts.SourceAddress),
            "destination.ip" => Addresses(key, values, static facts => facts.DestinationAddress),
            "destination.port" => Ports(values),
            "connection.sni" => Text(values, static facts => facts.ServerName),
            "request.method" => Text(values, static facts => facts.Head!.Method),
            "request.host" => Text(values, static facts => facts.Head!.Authority, ignoreCase: true),
            "request.path" => Paths(values),
            "request.auth.principal" => Principals(values),
            "request.auth.audiences" => Claims(["aud"], values),
            "request.auth.presenter" => Claims(["azp"], values),
            "remote.ip" => Addresses(key, values, static facts => facts.RemoteAddress),
            _ when Bracketed(key, "request.headers") is [{ Length: > 0 } header] => Header(header, values),
            _ when Bracketed(key, "request.auth.claims") is { } claim && !claim.Contains("") => Claims(claim, values),
            _ => Lost($"unknown attribute {key}"),
        };
    }

    private AccessTerm Identities(string[] values)
    {
        ValueMatch[] principals = [.. values.SelectMany(Aliased).Select(value => new ValueMatch(value))];
        return facts => facts.Client is { } client && ValueMatch.Any(principals, client.Principal);
    }

    private AccessTerm Accounts(string[] values)
    {
        (string Namespace, string Name)[] accounts = [.. values.Select(Account)];
        return facts => facts.Client is { } client && Array.Exists(accounts, account => account.Name == client.ServiceAccount && account.Namespace == client.Namespace);
    }

    private (string Namespace, string Name) Account(string value)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (policyNamespace, value) : (value[..slash], value[(slash + 1)..]);
    }

    private AccessTerm? Lost(string problem)
    {
        Problems.Add(problem);
        return null;
    }

    private IEnumerable<string> Aliased(string value)
    {
        string name = value.StartsWith("spiffe://", StringComparison.Ordinal) ? value["spiffe://".Length..] : value;
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && context.TrustDomains.Contains(name[..slash])
            ? context.TrustDomains.Select(domain => string.Concat(domain, name.AsSpan(slash)))
            : [name];
    }

    private static AccessTerm Text(string[] values, Func<RequestFacts, string> read, bool ignoreCase = false)
    {
        ValueMatch[] matches = [.. values.Select(value => new ValueMatch(value, ignoreCase))];
        return facts => ValueMatch.Any(matches, read(facts));
    }

    private static AccessTerm Header(string name, string[] values)
    {
        string lower = name.ToLowerInvariant();
        bool isPresence = values.Contains("*");
        ValueMatch[] matches = [.. values.Select(value => new ValueMatch(value))];
        return facts => NamedCondition.TryGetHeader(facts.Head!, lower, out ReadOnlySpan<char> text) && (isPresence || ValueMatch.Any(matches, text));
    }

    private AccessTerm? Paths(string[] values)
    {
        List<PathTemplate> templates = [];
        foreach (string value in values.Where(PathTemplate.IsTemplate))
        {
            if (!PathTemplate.TryCompile(value, out PathTemplate? template, out string? error))
            {
                return Lost(error);
            }

            templates.Add(template);
        }

        ValueMatch[] matches = [.. values.Where(value => !PathTemplate.IsTemplate(value)).Select(value => new ValueMatch(value))];
        return facts => ValueMatch.Any(matches, facts.Head!.Path) || templates.Exists(template => template.IsMatch(facts.Head!.Path));
    }

    private static AccessTerm Principals(string[] values)
    {
        RequestPrincipal[] principals = [.. values.Select(RequestPrincipal.Parse)];
        return facts => facts.Claims is { } claims && Array.Exists(principals, principal => principal.Matches(claims));
    }

    private static AccessTerm Claims(string[] path, string[] values)
    {
        ValueMatch[] matches = [.. values.Select(value => new ValueMatch(value))];
        return facts => facts.Claims is { } claims && claims.Values(path).Any(value => ValueMatch.Any(matches, value));
    }

    private AccessTerm? Addresses(string key, string[] values, Func<RequestFacts, IpAddress> read)
    {
        List<IpPrefix> ranges = [];
        foreach (string value in values)
        {
            if (!IpPrefix.TryParse(value, out IpPrefix range))
            {
                return Lost($"{key}: '{value}' is neither an address nor a range");
            }

            ranges.Add(range);
        }

        return facts => ranges.Exists(range => range.Contains(read(facts)));
    }

    private AccessTerm? Ports(string[] values)
    {
        HashSet<ushort> ports = [];
        foreach (string value in values)
        {
            if (!ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            {
                return Lost($"destination.port: '{value}' is no port");
            }

            ports.Add(port);
        }

        return facts => ports.Contains(facts.DestinationPort);
    }

    /// <summary>Values with a star anywhere.</summary>
    private AccessTerm? Glob(string key, string[] values, Func<SpiffeId, string> read)
    {
        List<LinearRegex> expressions = [];
        foreach (string value in values)
        {
            string pattern = string.Join(".*", value.Split('*').Select(System.Text.RegularExpressions.Regex.Escape));
            if (!LinearRegex.TryCompile(pattern, whole: true, out LinearRegex? expression, out string? error))
            {
                return Lost($"{key}: '{value}': {error}");
            }

            expressions.Add(expression);
        }

        return facts => facts.Client is { } client && expressions.Exists(expression => expression.IsMatch(read(client)));
    }

    /// <summary>The parts of <c>name[a][b]</c>; null when the key is another.</summary>
    private static string[]? Bracketed(string key, string name) =>
        key.StartsWith(name + "[", StringComparison.Ordinal) && key.EndsWith(']') ? key[(name.Length + 1)..^1].Split("][") : null;
}
