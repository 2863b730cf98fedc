using System.Globalization;
using System.Text.Json;

namespace Ambient.Cli.Dumps;

/// <summary>Conditions and actions of a waypoint's routes in a few words. Pure.</summary>
internal static class WaypointTexts
{
    /// <summary>When a route is taken; * is always.</summary>
    public static string Match(JsonElement route)
    {
        if (route.Member("match") is not { } match)
        {
            return "*";
        }

        List<string> parts = [];
        foreach (string name in (string[])["method", "authority", "scheme"])
        {
            if (match.Member(name) is { } condition)
            {
                parts.Add($"{name} {Condition(condition)}");
            }
        }

        if (match.Member("path") is { } path)
        {
            parts.Insert(0, Condition(path));
        }

        parts.AddRange(match.List("headers").Select(static h => Named("header", h)));
        parts.AddRange(match.List("query").Select(static q => Named("query", q)));
        parts.AddRange(match.List("claims").Select(static c => $"claim {c.Text("claim")}{Value(c)}"));
        if (match.Text("clientNamespace") is { Length: > 0 } space)
        {
            parts.Add("from " + space);
        }

        return parts.Count == 0 ? "*" : string.Join(' ', parts);
    }

    /// <summary>What it does.</summary>
    public static string Action(JsonElement action)
    {
        List<string> parts = [];
        if (action.Member("redirect") is { } redirect)
        {
            parts.Add($"redirect {redirect.Number("status")}");
        }

        if (action.Member("directResponse") is { } direct)
        {
            parts.Add($"answer {direct.Number("status")}");
        }

        JsonElement[] targets = [.. action.List("targets")];
        double all = targets.Sum(static t => t.Number("weight") ?? 0);
        parts.AddRange(targets.Select(t => Target(t, targets.Length == 1 || all <= 0 ? null : (t.Number("weight") ?? 0) * 100 / all)));
        if (action.Number("timeoutMs") is { } timeout)
        {
            parts.Add($"timeout {timeout} ms");
        }

        if (action.Member("retry") is { } retry)
        {
            parts.Add($"retry {retry.Number("attempts")} on {retry.Text("on")}");
        }

        if (action.Fields("fault").ToArray() is { Length: > 0 } fault)
        {
            parts.Add("fault" + string.Concat(fault.Where(static f => f.Name.EndsWith("Percent", StringComparison.Ordinal)).Select(static f => $" {f.Name[..^7]} {f.Value.GetRawText()}%")));
        }

        parts.AddRange(action.List("mirrors").Select(static m => "mirror " + Short(m.Text("destination"))));
        parts.AddRange(((string[])["rewrite", "cors"]).Where(name => action.Member(name) is not null));
        return string.Join(", ", parts);
    }

    private static string Target(JsonElement target, double? percent)
    {
        string name = target.Number("failStatus") is { } status ? $"answer {status}" : Short(target.Text("destination"));
        return percent is { } share ? string.Create(CultureInfo.InvariantCulture, $"{name} {share:0.##}%") : name;
    }

    private static string Named(string kind, JsonElement named) => $"{kind} {named.Text("name")}{Value(named)}";

    private static string Value(JsonElement owner) => owner.Member("value") is not { } value ? ""
        : value.ValueKind == JsonValueKind.String ? "=" + value.GetString()
        : (value.Flag("invert") ? "!=" : "=") + Condition(value);

    private static string Condition(JsonElement condition) =>
        condition.Text("exact") is { Length: > 0 } exact ? exact
        : condition.Text("prefix") is { Length: > 0 } prefix ? prefix + "*"
        : condition.Text("segmentPrefix") is { Length: > 0 } segments ? segments.TrimEnd('/') + "/*"
        : condition.Text("suffix") is { Length: > 0 } suffix ? "*" + suffix
        : condition.Text("regex") is { Length: > 0 } regex ? "~" + regex
        : "*";

    // namespace/name.namespace.svc.domain:port/subset as name.namespace:port/subset
    private static string Short(string destination)
    {
        string host = destination[(destination.IndexOf('/', StringComparison.Ordinal) + 1)..];
        int service = host.IndexOf(".svc.", StringComparison.Ordinal);
        int port = host.IndexOf(':', StringComparison.Ordinal);
        return service > 0 && port > service ? host[..service] + host[port..] : host;
    }
}
