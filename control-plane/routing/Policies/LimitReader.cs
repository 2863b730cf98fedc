using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Limits;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>Reads the spec of a LocalRateLimit, our own kind (docs/rate-limit.md). Used for one object.</summary>
internal sealed class LimitReader
{
    /// <summary>The kind.</summary>
    public const string Kind = "LocalRateLimit";

    private const int MostTargets = 16;
    private const int MostRules = 16;
    private const int MostMatches = 8;
    private const uint MostRequests = 1_000_000;
    private const uint ResourceExhausted = 8;

    private readonly ProblemList _problems = new();
    private readonly RoutingObject _source;

    private LimitReader(RoutingObject source) => _source = source;

    /// <summary>Its targets, and a policy with those of its rules that make sense; what does not is said.</summary>
    public static (IReadOnlyList<SpecReader> Targets, LimitPolicy Policy) Read(RoutingObject source, ProblemList problems)
    {
        LimitReader reader = new(source);
        (IReadOnlyList<SpecReader>, LimitPolicy) read = reader.Read();
        reader._problems.All.ForEach(problems.Add);
        return read;
    }

    /// <summary>Whether everything in it makes sense.</summary>
    public static bool IsGood(RoutingObject source)
    {
        ProblemList problems = new();
        _ = Read(source, problems);
        return problems.All.All(static problem => problem.Reason != RoutingProblem.Invalid);
    }

    /// <summary>Whether a kind can be a target.</summary>
    public static bool IsTarget(string group, string kind) => (group, kind) is ("" or "core", "Service") or ("networking.istio.io", "ServiceEntry") or ("gateway.networking.k8s.io", "Gateway");

    private (IReadOnlyList<SpecReader> Targets, LimitPolicy Policy) Read()
    {
        SpecReader spec = new(_source, _problems);
        LimitPolicy policy = new() { Namespace = _source.Namespace, Name = _source.Name };
        policy.DryRun = Choice(spec, "mode", "Enforce", "Enforce", "DryRun") == "DryRun";
        policy.GrpcStatus = Choice(spec, "grpcStatus", "Unavailable", "Unavailable", "ResourceExhausted") == "ResourceExhausted" ? ResourceExhausted : 0;
        IReadOnlyList<SpecReader> targets = Some(spec, "targetRefs", MostTargets);
        foreach (SpecReader target in targets)
        {
            (string group, string kind) = (target.Text("group"), target.Text("kind"));
            if (!IsTarget(group, kind))
            {
                target.Invalid("kind", $"is {(kind.Length == 0 ? "missing" : $"{kind} of group \"{group}\"")}: name a Service (group \"\"), a ServiceEntry (networking.istio.io) or a Gateway (gateway.networking.k8s.io)");
            }

            if (target.Text("name").Length == 0)
            {
                target.Invalid("name", "is missing: name an object of this namespace");
            }

            target.End();
        }

        IReadOnlyList<SpecReader> rules = Some(spec, "rules", MostRules);
        foreach (SpecReader rule in rules.Take(MostRules))
        {
            int before = _problems.All.Count;
            LimitRule compiled = Rule(rule);
            if (_problems.All.Skip(before).All(static problem => problem.Reason != RoutingProblem.Invalid))
            {
                policy.Rules.Add(compiled);
            }
        }

        spec.End();
        return ([.. targets.Take(MostTargets)], policy);
    }

    private static LimitRule Rule(SpecReader rule)
    {
        LimitRule compiled = new() { PerPrincipal = Choice(rule, "per", "Waypoint", "Waypoint", "Principal") == "Principal" };
        if (rule.Object("limit") is { } limit)
        {
            compiled.Requests = Number(limit, "requests") ?? Missing(limit, "requests", "say how many requests may pass in each unit");
            compiled.Burst = Number(limit, "burst") ?? 0;
            compiled.PeriodMs = Choice(limit, "unit", "", "Second", "Minute", "Hour") switch { "Hour" => 3_600_000, "Minute" => 60_000, _ => 1000 };
            limit.End();
        }
        else if (!rule.Has("limit"))
        {
            rule.Invalid("limit", "is missing: say requests and unit");
        }

        IReadOnlyList<SpecReader> matches = rule.Objects("matches");
        if (matches.Count > MostMatches)
        {
            rule.Invalid("matches", $"has {matches.Count} entries: {MostMatches} at most");
        }

        compiled.Matches.AddRange(matches.Take(MostMatches).SelectMany(Matches));
        rule.End();

        // The engine that will judge requests says what it cannot judge.
        if (!LimitCondition.TryCompile(compiled, [], rule.Source.Namespace, out _, out string? error))
        {
            rule.Invalid("matches", error);
        }

        return compiled;
    }

    /// <summary>One for each method.</summary>
    private static IEnumerable<LimitMatch> Matches(SpecReader match)
    {
        HttpMatch request = new();
        if (match.Object("path") is { } path)
        {
            string value = path.Text("value");
            if (!value.StartsWith('/'))
            {
                path.Invalid("value", $"'{value}' must begin with /");
            }

            request.Path = Choice(path, "type", "PathPrefix", "PathPrefix", "Exact") == "Exact" ? new PathMatch { Exact = value } : new PathMatch { SegmentPrefix = value };
            path.End();
        }

        foreach (SpecReader header in match.Objects("headers"))
        {
            string name = header.Text("name");
            if (name.Length == 0)
            {
                header.Invalid("name", "is missing");
            }

            bool isPresence = Choice(header, "type", "Exact", "Exact", "Present") == "Present";
            string value = header.Text("value");
            if (isPresence != (value.Length == 0))
            {
                header.Invalid("value", isPresence ? "must not be there when type is Present" : "is missing: give the value, or type: Present");
            }

            request.Headers.Add(new NamedMatch { Name = name, Value = isPresence ? new TextMatch { Present = true } : new TextMatch { Exact = value } });
            header.End();
        }

        AccessSource? source = null;
        if (match.Object("source") is { } callers)
        {
            source = new AccessSource { Principals = { callers.Texts("principals") }, Namespaces = { callers.Texts("namespaces") } };
            if (source.Principals.Count + source.Namespaces.Count == 0)
            {
                match.Invalid("source", "names nobody: give principals or namespaces, or leave it out");
            }

            callers.End();
        }

        IReadOnlyList<string> methods = match.Texts("methods");
        foreach (string method in methods.Where(static method => method.Length == 0 || !method.All(char.IsAsciiLetterUpper)))
        {
            match.Invalid("methods", $"'{method}' must be in capital letters, such as GET");
        }

        match.End();
        if (methods.Count == 0)
        {
            return [new LimitMatch { Request = request, Source = source }];
        }

        return [.. methods.Distinct().Select(method =>
        {
            HttpMatch one = request.Clone();
            one.Method = new TextMatch { Exact = method };
            return new LimitMatch { Request = one, Source = source };
        })];
    }

    private static uint? Number(SpecReader limit, string name)
    {
        if (!limit.Has(name) || limit.Number(name) is not { } number)
        {
            return null;
        }

        if (number is 0 or > MostRequests)
        {
            limit.Invalid(name, $"is {number}: it must be between 1 and {MostRequests}");
        }

        return number;
    }

    private static uint Missing(SpecReader owner, string name, string what)
    {
        if (!owner.Has(name))
        {
            owner.Invalid(name, $"is missing: {what}");
        }

        return 0;
    }

    private static string Choice(SpecReader owner, string name, string usual, params string[] choices)
    {
        if (!owner.Has(name) && usual.Length > 0)
        {
            return usual;
        }

        string chosen = owner.Text(name);
        if (!choices.Contains(chosen))
        {
            owner.Invalid(name, chosen.Length == 0 ? $"is missing: say {string.Join(", ", choices[..^1])} or {choices[^1]}" : $"is '{chosen}': it must be {string.Join(", ", choices[..^1])} or {choices[^1]}");
        }

        return chosen;
    }

    private static IReadOnlyList<SpecReader> Some(SpecReader spec, string name, int most)
    {
        IReadOnlyList<SpecReader> items = spec.Objects(name);
        if (items.Count == 0 || items.Count > most)
        {
            spec.Invalid(name, $"has {items.Count} entries: there must be between 1 and {most}");
        }

        return items;
    }
}
