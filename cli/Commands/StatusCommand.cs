using System.CommandLine;
using System.Globalization;
using Ambient.Cli.Meshes;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl status</c>: the parts of the mesh and the namespaces in it, at a glance.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Build()
    {
        var source = new SourceOptions();
        Option<string> output = OutputOption.Make();
        var admin = new Option<string?>("--admin") { Description = "Address of the metrics port of a control plane that works from files, such as 127.0.0.1:15014: what it says about each object." };
        var sandbox = new Option<bool>("--sandbox") { Description = "The same of the sandbox that runs on this machine." };
        var command = new Command("status", "The parts of the mesh, and which namespaces are in it with how many pods; of objects that are files, what their statuses would say.") { output, admin, sandbox };
        source.AddClusterTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(admin) is not null || parsed.GetValue(sandbox))
            {
                return await OfObjectsAsync(parsed, parsed.GetValue(admin), parsed.Format(output), cancellation);
            }

            using ClusterAccess? cluster = source.Cluster(parsed, out string? error);
            MeshFacts? facts = null;
            if (cluster is not null)
            {
                (facts, error) = await new FactsReader(cluster, source.Namespace(parsed)).ReadAsync(cancellation);
            }

            if (facts is null)
            {
                parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
                return ExitCodes.Unreachable;
            }

            foreach (string unreadable in facts.Unreadable)
            {
                parsed.InvocationConfiguration.Error.WriteLine("warning: " + unreadable);
            }

            Of(facts).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return ExitCodes.Good;
        });
        return command;
    }

    private static async Task<int> OfObjectsAsync(ParseResult parsed, string? address, OutputFormat format, CancellationToken cancellation)
    {
        string? error, space = null;
        AdminPort? port = address is not null ? AdminPort.At(address, out error, ObjectStatuses.MetricsPort)
            : (space = SourceOptions.SandboxControlPlane(out error)) is not null ? AdminPort.InNamespace(space, ObjectStatuses.MetricsPort)
            : null;
        Answer? answer = null;
        bool isGood = true;
        using (port)
        {
            if (port is not null)
            {
                (byte[]? page, error) = await ObjectStatuses.ReadAsync(port, cancellation);
                answer = page is null ? null : ObjectStatuses.Of(page, out isGood, out error);
            }
        }

        if (answer is null)
        {
            parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
            return ExitCodes.Unreachable;
        }

        answer.WriteTo(parsed.InvocationConfiguration.Output, format);
        return isGood ? ExitCodes.Good : ExitCodes.Finding;
    }

    /// <summary>The answer for facts.</summary>
    internal static Answer Of(MeshFacts facts)
    {
        var table = new Table("KIND", "NAME", "READY", "DETAILS");
        void Part(string kind, string label, string value, int wanted)
        {
            IReadOnlyList<Pod> pods = facts.Components(label, value);
            int ready = pods.Count(MeshFacts.IsReady);
            table.Add(kind, value, Ratio(ready, Math.Max(wanted, pods.Count)), string.Join(", ", pods.Where(static p => !MeshFacts.IsReady(p)).Select(static p => $"{p.Metadata.Name} is not ready").Take(3)));
        }

        Part("control plane", "app", "istiod", 1);
        Part("node agent", "k8s-app", "istio-cni-node", facts.Nodes.Count);
        Part("ztunnel", "app", "ztunnel", facts.Nodes.Count);
        foreach (Namespace space in facts.Namespaces.OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal))
        {
            IReadOnlyList<Pod> wanted = facts.Wanted(space);
            if (wanted.Count > 0 || space.Metadata.Labels.Find(MeshFacts.ModeLabel) == "ambient")
            {
                string waypoint = space.Metadata.Labels.Find(MeshFacts.WaypointLabel) is { } name ? "waypoint " + name : "";
                table.Add("namespace", space.Metadata.Name, Ratio(wanted.Count(MeshFacts.IsCaptured), wanted.Count), waypoint);
            }
        }

        foreach (Kubernetes.Resources.Gateways.Gateway gateway in (facts.Gateways ?? []).Where(static g => g.Spec.GatewayClassName == "istio-waypoint").OrderBy(static g => g.Metadata.Namespace + "/" + g.Metadata.Name, StringComparer.Ordinal))
        {
            bool isProgrammed = gateway.Status.Conditions.Any(static c => c.Type == "Programmed" && c.Status == "True");
            table.Add("waypoint", $"{gateway.Metadata.Namespace}/{gateway.Metadata.Name}", isProgrammed ? "yes" : "no", string.Join(", ", gateway.Status.Addresses.Select(static a => a.Value)));
        }

        return new Answer(table, Answer.Build(json =>
        {
            json.WriteStartArray();
            foreach (string[] row in table.Rows)
            {
                json.WriteStartObject();
                json.WriteString("kind", row[0]);
                json.WriteString("name", row[1]);
                json.WriteString("ready", row[2]);
                json.WriteString("details", row[3] == "-" ? "" : row[3]);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }));
    }

    private static string Ratio(int ready, int all) => string.Create(CultureInfo.InvariantCulture, $"{ready}/{all}");
}
