using System.Globalization;
using System.Text.Json;
using Ambient.Cli.Output;

namespace Ambient.Cli.Dumps;

/// <summary>A dump as <c>istioctl ztunnel-config</c> shows it: the same columns, the same order. Pure.</summary>
internal static class DumpTables
{
    /// <summary>Workloads, all or of one namespace, node or address.</summary>
    public static Answer Workloads(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("NAMESPACE", "POD NAME", "ADDRESS", "NODE", "WAYPOINT", "PROTOCOL");
        JsonElement[] found = [.. dump.Workloads
            .Where(w => filter.IsNamespace(w.Text("namespace")) && filter.IsNode(w.Text("node")) && filter.IsAddress(w.Texts("workloadIps")) && filter.IsName(w.Text("name")))
            .OrderBy(w => w.Text("namespace"), StringComparer.Ordinal).ThenBy(w => w.Text("name"), StringComparer.Ordinal).ThenBy(w => w.Text("uid"), StringComparer.Ordinal)];
        foreach (JsonElement workload in found)
        {
            string address = string.Join(',', workload.Texts("workloadIps")) is { Length: > 0 } known ? known : workload.Text("hostname");
            table.Add(workload.Text("namespace"), workload.Text("name"), address, workload.Text("node"), Waypoint(workload), workload.Text("protocol"));
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Services; endpoints as healthy of all.</summary>
    public static Answer Services(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("NAMESPACE", "SERVICE NAME", "SERVICE VIP", "WAYPOINT", "ENDPOINTS");
        JsonElement[] found = [.. dump.Services
            .Where(s => filter.IsNamespace(s.Text("namespace")) && filter.IsName(s.Text("name")))
            .OrderBy(s => s.Text("namespace"), StringComparer.Ordinal).ThenBy(s => s.Text("name"), StringComparer.Ordinal).ThenBy(s => s.Text("hostname"), StringComparer.Ordinal)];
        foreach (JsonElement service in found)
        {
            JsonProperty[] endpoints = [.. service.Fields("endpoints")];
            int healthy = endpoints.Count(e => e.Value.Text("status") is "Healthy" or "");
            string vips = string.Join(',', service.Texts("vips").Select(static v => v[(v.IndexOf('/', StringComparison.Ordinal) + 1)..]));
            table.Add(service.Text("namespace"), service.Text("name"), vips, Waypoint(service), string.Create(CultureInfo.InvariantCulture, $"{healthy}/{endpoints.Length}"));
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Policies.</summary>
    public static Answer Policies(ConfigDump dump, DumpFilter filter)
    {
        var table = new Table("NAMESPACE", "POLICY NAME", "ACTION", "SCOPE");
        JsonElement[] found = [.. dump.Policies
            .Where(p => filter.IsNamespace(p.Text("namespace")) && filter.IsName(p.Text("name")))
            .OrderBy(p => p.Text("namespace"), StringComparer.Ordinal).ThenBy(p => p.Text("name"), StringComparer.Ordinal)];
        foreach (JsonElement policy in found)
        {
            table.Add(policy.Text("namespace"), policy.Text("name"), policy.Text("action") + (policy.Flag("dryRun") ? " (dry run)" : ""), policy.Text("scope"));
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Certificates: leaves, intermediates and roots; whether they are valid now.</summary>
    public static Answer Certificates(ConfigDump dump, DumpFilter filter, DateTimeOffset now)
    {
        var table = new Table("CERTIFICATE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE");
        JsonElement[] found = [.. dump.Certificates.Where(c => filter.IsName(c.Text("identity"))).OrderBy(c => c.Text("identity"), StringComparer.Ordinal)];
        foreach (JsonElement entry in found)
        {
            JsonElement[] chain = [.. entry.List("certChain")];
            string identity = entry.Text("identity"), state = entry.Text("state");
            if (chain.Length == 0)
            {
                table.Add(identity, "Leaf", state, "false", "", "", "");
            }

            foreach ((JsonElement certificate, string type) in chain.Select(static (c, i) => (c, i == 0 ? "Leaf" : "Intermediate")).Concat(entry.List("rootCerts").Select(static c => (c, "Root"))))
            {
                table.Add(identity, type, state, IsValid(certificate, now) ? "true" : "false", certificate.Text("serialNumber"), certificate.Text("expirationTime"), certificate.Text("validFrom"));
            }
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Open connections of the node's pods.</summary>
    public static Answer Connections(ConfigDump dump, DumpFilter filter, string? direction)
    {
        var table = new Table("WORKLOAD", "DIRECTION", "LOCAL", "REMOTE", "REMOTE TARGET", "PROTOCOL");
        List<JsonElement> found = [];
        foreach (JsonProperty pod in dump.Pods.OrderBy(static p => Info(p.Value).Text("namespace") + "/" + Info(p.Value).Text("name"), StringComparer.Ordinal))
        {
            JsonElement info = Info(pod.Value);
            if (!filter.IsNamespace(info.Text("namespace")) || !filter.IsName(info.Text("name")) || pod.Value.Member("connections") is not { } connections)
            {
                continue;
            }

            found.Add(pod.Value);
            string name = $"{info.Text("name")}.{info.Text("namespace")}";
            foreach (JsonElement row in direction is "outbound" ? [] : connections.List("inbound"))
            {
                table.Add(name, "Inbound", row.Text("actualDst"), row.Text("src"), row.Text("originalDst"), row.Text("protocol"));
            }

            foreach (JsonElement row in direction is "inbound" ? [] : connections.List("outbound"))
            {
                table.Add(name, "Outbound", row.Text("src"), row.Text("actualDst"), row.Text("originalDst"), row.Text("protocol"));
            }
        }

        return new Answer(table, Answer.List(found));
    }

    /// <summary>Whether a certificate of a dump is in its time.</summary>
    public static bool IsValid(JsonElement certificate, DateTimeOffset now) =>
        Time(certificate, "validFrom") is { } from && Time(certificate, "expirationTime") is { } until && from <= now && now < until;

    private static DateTimeOffset? Time(JsonElement certificate, string name) =>
        DateTimeOffset.TryParse(certificate.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;

    private static JsonElement Info(JsonElement pod) => pod.Member("info") ?? default;

    /// <summary>As istioctl says it: the Service's name without its domain, <c>None</c> when there is none.</summary>
    private static string Waypoint(JsonElement owner)
    {
        if (owner.Member("waypoint") is not { } waypoint)
        {
            return "None";
        }

        string destination = waypoint.Text("destination");
        string host = destination[(destination.IndexOf('/', StringComparison.Ordinal) + 1)..];
        return host.Contains(".svc.", StringComparison.Ordinal) ? host[..host.IndexOf('.', StringComparison.Ordinal)] : host;
    }
}
