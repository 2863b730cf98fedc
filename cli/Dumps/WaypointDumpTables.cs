using System.Globalization;
using System.Text.Json;
using Ambient.Cli.Output;

namespace Ambient.Cli.Dumps;

/// <summary>A waypoint's dump as <c>waypoint-config</c> shows it. Pure.</summary>
internal static class WaypointDumpTables
{
    /// <summary>Routes, in the order in which they are tried.</summary>
    public static Answer Routes(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("SERVICE", "PORT", "PROTOCOL", "ROUTE", "MATCH", "ACTION");
        JsonElement[] found = [.. dump.Routes.Where(r => filter.IsNamespace(NamespaceOf(r.Text("service"))) && filter.IsName(r.Text("service")))];
        foreach (JsonElement service in found)
        {
            foreach (JsonElement port in service.List("ports"))
            {
                string number = port.Number("port")?.ToString(CultureInfo.InvariantCulture) ?? "";
                foreach (JsonElement route in port.List("http"))
                {
                    table.Add(service.Text("service"), number, port.Text("protocol"), route.Text("name"), WaypointTexts.Match(route), WaypointTexts.Action(route.Member("action") ?? default));
                }

                foreach (JsonElement route in port.List("tcp"))
                {
                    string names = string.Join(',', route.Texts("serverNames"));
                    table.Add(service.Text("service"), number, port.Text("protocol"), route.Text("name"), names.Length == 0 ? "*" : "sni " + names, WaypointTexts.Action(route));
                }
            }
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Endpoints, and whether they are in service.</summary>
    public static Answer Endpoints(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("DESTINATION", "ENDPOINT", "WORKLOAD", "PROTOCOL", "STATUS", "ACTIVE", "WEIGHT", "PRIORITY");
        JsonElement[] found = [.. dump.Endpoints.Where(e => filter.IsNamespace(NamespaceOf(e.Text("destination"))) && filter.IsName(e.Text("destination")))];
        foreach (JsonElement endpoint in found)
        {
            string status = endpoint.Number("ejectedForMs") is { } ejected
                ? string.Create(CultureInfo.InvariantCulture, $"{endpoint.Text("status")} ({ejected / 1000.0:0.#} s)")
                : endpoint.Text("status");
            table.Add(endpoint.Text("destination"), endpoint.Text("address"), endpoint.Text("workload"), endpoint.Text("protocol"), status, Raw(endpoint, "activeRequests"), Raw(endpoint, "weight"), Raw(endpoint, "priority"));
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Policies, rules for tokens and limits.</summary>
    public static Answer Policies(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("NAMESPACE", "NAME", "KIND", "ACTION", "ATTACHED TO", "RULES");
        List<JsonElement> found = [];
        foreach ((JsonElement policy, string kind) in dump.AccessPolicies.Select(static p => (p, "AuthorizationPolicy")).Concat(dump.TokenPolicies.Select(static p => (p, "RequestAuthentication"))).Concat(dump.RateLimits.Select(static p => (p, "LocalRateLimit"))))
        {
            if (!filter.IsNamespace(policy.Text("namespace")) || !filter.IsName(policy.Text("name")))
            {
                continue;
            }

            found.Add(policy);
            string action = (kind == "LocalRateLimit" ? "LIMIT" : policy.Text("action")) + (policy.Text("provider") is { Length: > 0 } provider ? " " + provider : "") + (policy.Flag("dryRun") ? " (dry run)" : "");
            table.Add(policy.Text("namespace"), policy.Text("name"), kind, action, string.Join(',', policy.Texts("attachedTo")), policy.List("rules").Count().ToString(CultureInfo.InvariantCulture));
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>How hosts are reached.</summary>
    public static Answer Destinations(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("SERVICE", "PORT", "SUBSET", "BALANCING", "POOL", "OUTLIERS", "TLS");
        JsonElement[] found = [.. dump.Destinations.Where(d => filter.IsNamespace(NamespaceOf(d.Text("service"))) && filter.IsName(d.Text("service")))];
        foreach (JsonElement destination in found)
        {
            foreach (JsonElement policy in destination.List("policies"))
            {
                string tls = policy.Member("tls") is not { } secured ? "" : secured.Text("broken") is { Length: > 0 } broken ? "broken: " + broken : secured.Text("sni") is { Length: > 0 } name ? name : "yes";
                table.Add(
                    destination.Text("service"), Raw(policy, "port") is { Length: > 0 } port ? port : "*", policy.Text("subset"), policy.Text("balancing"),
                    Members(policy, "connectionPool"), Members(policy, "outlierDetection"), tls);
            }

            if (!destination.List("policies").Any())
            {
                table.Add(destination.Text("service"), "*", string.Join(',', destination.List("subsets").Select(static s => s.Text("name"))), "", "", "", "");
            }
        }

        return new Answer(table, Answer.List(found));
    }

    private static string NamespaceOf(string service) => service[..Math.Max(0, service.IndexOf('/', StringComparison.Ordinal))];

    private static string Raw(JsonElement owner, string name) => owner.Member(name) is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : "";

    private static string Members(JsonElement owner, string name) => string.Join(' ', owner.Fields(name).Select(static f => $"{f.Name}={f.Value.GetRawText()}"));
}
