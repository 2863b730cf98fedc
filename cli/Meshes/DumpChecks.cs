using System.Text.Json;
using Ambient.Cli.Dumps;
using Ambient.Mesh.Views;

namespace Ambient.Cli.Meshes;

/// <summary>Judges what one ztunnel knows. Pure.</summary>
internal static class DumpChecks
{
    /// <summary>All lines.</summary>
    public static IReadOnlyList<CheckLine> Of(ConfigDump dump, string name, DateTimeOffset now)
    {
        List<string> problems = [];
        MeshView view = MeshOfDump.Build(dump, problems);
        return
        [
            new CheckLine(CheckOutcome.Good, "ztunnel", $"{name}, version {dump.Version}, node {dump.Node}"),
            .. problems.Select(static p => new CheckLine(CheckOutcome.Warning, "what it knows", p, "newer proxies may know more than this program: compare ambientctl version")),
            view.WorkloadCount > 0
                ? new CheckLine(CheckOutcome.Good, "the mesh", $"{view.WorkloadCount} workloads, {view.ServiceCount} services, {view.Policies.Count} policies")
                : new CheckLine(CheckOutcome.Failed, "the mesh", "it knows no workload", "is the control plane reachable? Its log, target xds, says"),
            Certificates(dump, now),
            .. Pods(dump, view),
            .. UnknownPolicies(view),
        ];
    }

    private static CheckLine Certificates(ConfigDump dump, DateTimeOffset now)
    {
        JsonElement[] all = [.. dump.Certificates];
        string[] bad = [.. all.Where(c => !c.List("certChain").Any() || !c.List("certChain").All(l => DumpTables.IsValid(l, now))).Select(static c => $"{c.Text("identity")} ({c.Text("state")})")];
        return bad.Length == 0
            ? new CheckLine(CheckOutcome.Good, "certificates", $"{all.Length} identities, all valid")
            : new CheckLine(CheckOutcome.Failed, "certificates", string.Join(", ", bad), "the certificate authority's answer is in the state; its log, target ambientd::authority, names who was refused");
    }

    private static IEnumerable<CheckLine> Pods(ConfigDump dump, MeshView view)
    {
        JsonProperty[] pods = [.. dump.Pods];
        string[] pending = [.. pods.Where(static p => p.Value.Text("state") != "Up").Select(static p => Name(p.Value))];
        yield return pending.Length == 0
            ? new CheckLine(CheckOutcome.Good, "pods of the node", $"{pods.Length} are served")
            : new CheckLine(CheckOutcome.Failed, "pods of the node", $"not served: {string.Join(", ", pending)}", "the proxy's log says what it waits for");
        foreach (JsonProperty pod in pods)
        {
            JsonElement info = pod.Value.Member("info") ?? default;
            var local = new LocalWorkload(info.Text("name"), info.Text("namespace"), info.Text("serviceAccount"));
            if (view.FindLocalWorkload(local) is null)
            {
                yield return new CheckLine(CheckOutcome.Failed, "pod " + Name(pod.Value), "the control plane does not know it, so its connections are refused", "does the pod exist with this service account? Is the control plane's view of this cluster complete?");
            }
        }
    }

    private static IEnumerable<CheckLine> UnknownPolicies(MeshView view) =>
        from workload in view.WorkloadsByUid
        from key in workload.AuthorizationPolicies
        where view.Policies.Find(key) is null
        select new CheckLine(CheckOutcome.Warning, $"policies of {workload.Namespace}/{workload.Name}", $"it lists {key}, and nobody sent it", "it may have been deleted a moment ago; if it stays, reconnect the proxy");

    private static string Name(JsonElement pod) => pod.Member("info") is { } info ? $"{info.Text("namespace")}/{info.Text("name")}" : "?";
}
