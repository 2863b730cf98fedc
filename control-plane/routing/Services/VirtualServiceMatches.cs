using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>The match entries of a VirtualService's HTTP rule (waypoint reference 2.1.1). Pure.</summary>
internal static class VirtualServiceMatches
{
    private const string Claims = "@request.auth.claims";

    /// <summary>The condition for one port; null when the entry can never match there.</summary>
    public static HttpMatch? Read(SpecReader entry, ushort port, WaypointScope scope)
    {
        bool applies = true;
        IReadOnlyList<string> gateways = entry.Texts("gateways");
        if (gateways.Count > 0 && !scope.IsNamed(gateways, entry.Source.Namespace))
        {
            applies = false;
        }

        if (entry.Has("sourceLabels"))
        {
            entry.Unsupported("sourceLabels", "a waypoint cannot see them, the entry never matches");
            applies = false;
        }

        applies &= !IsForOtherNamespace(entry, gateways, scope);

        if (entry.Number("port") is { } wanted and not 0 && wanted != port)
        {
            applies = false;
        }

        HttpMatch match = new() { Path = Path(entry), Scheme = Text(entry, "scheme"), Method = Text(entry, "method"), Authority = Text(entry, "authority") };
        Headers(entry, "headers", invert: false, match);
        Headers(entry, "withoutHeaders", invert: true, match);
        if (entry.Object("queryParams") is { } query)
        {
            foreach (string name in query.Keys)
            {
                match.Query.Add(new NamedMatch { Name = name, Value = Text(query, name) ?? new TextMatch { Present = true } });
            }
        }

        _ = (entry.Text("name"), entry.Text("statPrefix"));
        entry.End();
        return applies ? match : null;
    }

    /// <summary>Whether an entry never matches because it is for clients of another namespace than the waypoint's.</summary>
    public static bool IsForOtherNamespace(SpecReader entry, IReadOnlyList<string> gateways, WaypointScope scope)
    {
        string wanted = entry.Text("sourceNamespace");
        if (wanted.Length == 0 || gateways.Count > 0 || wanted == scope.Namespace)
        {
            return false;
        }

        entry.Problems.Add(entry.Source, RoutingProblem.NoEffect, $"{entry.Path}.sourceNamespace is compared with the waypoint's namespace {scope.Namespace}; the entry never matches");
        return true;
    }

    /// <summary>A StringMatch: none set, or the expression <c>*</c>, asks for presence.</summary>
    public static TextMatch? Text(SpecReader owner, string name)
    {
        if (owner.Object(name) is not { } match)
        {
            return null;
        }

        TextMatch text = match.Has("exact") ? new TextMatch { Exact = match.Text("exact") }
            : match.Has("prefix") ? new TextMatch { Prefix = match.Text("prefix") }
            : match.Text("regex") is { Length: > 0 } regex and not "*" ? new TextMatch { Regex = regex }
            : new TextMatch { Present = true };
        match.End();
        return text;
    }

    private static PathMatch? Path(SpecReader entry)
    {
        bool ignoreCase = entry.Flag("ignoreUriCase");
        return Text(entry, "uri") switch
        {
            { KindCase: TextMatch.KindOneofCase.Exact } exact => new PathMatch { Exact = exact.Exact, IgnoreCase = ignoreCase },
            { KindCase: TextMatch.KindOneofCase.Prefix } prefix => new PathMatch { Prefix = prefix.Prefix, IgnoreCase = ignoreCase },
            { KindCase: TextMatch.KindOneofCase.Regex } regex => new PathMatch { Regex = regex.Regex },
            _ => null,
        };
    }

    private static void Headers(SpecReader entry, string field, bool invert, HttpMatch match)
    {
        if (entry.Object(field) is not { } headers)
        {
            return;
        }

        foreach (string name in headers.Keys)
        {
            TextMatch value = Text(headers, name) ?? new TextMatch { Present = true };
            if (name is "uri" or "scheme" or "method" or "authority")
            {
                entry.Problems.Add(entry.Source, RoutingProblem.NoEffect, $"{headers.Path}.{name} is ignored; the entry has a field of that name");
            }
            else if (name.StartsWith(Claims, StringComparison.OrdinalIgnoreCase))
            {
                ClaimMatch claim = new() { Value = value, Invert = invert };
                claim.Path.AddRange(ClaimPath(name[Claims.Length..]));
                match.Claims.Add(claim);
            }
            else
            {
                match.Headers.Add(new NamedMatch { Name = name, Value = value, Invert = invert });
            }
        }
    }

    /// <summary><c>.a.b</c> or <c>[a][b]</c>; names in brackets may hold dots.</summary>
    private static string[] ClaimPath(string text) =>
        text.StartsWith('[') && text.EndsWith(']') ? text[1..^1].Split("][") : text.TrimStart('.').Split('.');
}
