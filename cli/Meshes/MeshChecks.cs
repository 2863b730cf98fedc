using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Meshes;

/// <summary>Judges the facts of a cluster: every line says what was checked, what was seen, and what to do. Pure.</summary>
internal static class MeshChecks
{
    private const int MostNames = 5;
    private static readonly Version Oldest = new(1, 20);

    /// <summary>All lines, in the order in which an operator mends.</summary>
    public static IReadOnlyList<CheckLine> Of(MeshFacts facts) =>
    [
        .. facts.Unreadable.Select(static u => new CheckLine(CheckOutcome.Failed, "rights of this account", u, "use an account that may list nodes, namespaces, pods, configmaps, endpointslices and gateways")),
        Kubernetes(facts),
        Kinds(facts),
        ControlPlane(facts),
        Service(facts),
        Roots(facts),
        OnEveryNode(facts, "node agent", "k8s-app", "istio-cni-node", "cni", "pods cannot join the mesh there, and new pods of the mesh do not start"),
        OnEveryNode(facts, "ztunnel", "app", "ztunnel", "ztunnel", "pods of the mesh have no network there"),
        .. facts.Namespaces.Where(n => facts.Wanted(n).Count > 0 || n.Metadata.Labels.Find(MeshFacts.ModeLabel) == "ambient").Select(n => Captured(facts, n)),
        .. Waypoints(facts),
        .. ProxyChecks.Of(facts.Replicas),
        .. facts.Clusters.Select(static one => Cluster(one)),
    ];

    private static CheckLine Cluster(FollowedCluster one)
    {
        string what = "cluster " + one.Id;
        return one.Problem.Length > 0 || one.Status != "synced"
            ? new CheckLine(CheckOutcome.Failed, what, one.Problem.Length > 0 ? $"{one.Status}: {one.Problem}" : one.Status, "ambientctl remote-clusters names its Secret; the log of the control plane, target ambientd::clusters, says more")
            : one.Warning.Length > 0
            ? new CheckLine(CheckOutcome.Warning, what, one.Warning, "kubectl label namespace istio-system topology.istio.io/network=<its network>, in that cluster (the same name where pods reach each other by address)")
            : new CheckLine(CheckOutcome.Good, what, one.Status);
    }

    private static CheckLine Kubernetes(MeshFacts facts)
    {
        string text = facts.Version.TrimStart('v');
        string[] parts = text.Split('.', '-', '+');
        bool isKnown = parts.Length > 1 && int.TryParse(parts[0], out _) && int.TryParse(parts[1], out _);
        bool isOld = isKnown && new Version(int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)) < Oldest;
        return new CheckLine(isOld ? CheckOutcome.Failed : isKnown ? CheckOutcome.Good : CheckOutcome.Warning, "Kubernetes", $"{facts.Version} at {facts.Server}", isOld ? "1.20 or later is needed" : "");
    }

    private static CheckLine Kinds(MeshFacts facts) => facts.MissingKinds.Count == 0
        ? new CheckLine(CheckOutcome.Good, "kinds of the mesh", "all are installed")
        : new CheckLine(CheckOutcome.Failed, "kinds of the mesh", $"missing: {string.Join(", ", facts.MissingKinds)}", "helm upgrade --install istio-base charts/base");

    private static CheckLine ControlPlane(MeshFacts facts)
    {
        IReadOnlyList<Pod> pods = facts.Components("app", "istiod");
        int ready = pods.Count(MeshFacts.IsReady);
        const string What = "control plane";
        return pods.Count == 0 ? new CheckLine(CheckOutcome.Failed, What, $"no pod with label app=istiod in {facts.SystemNamespace}", "helm upgrade --install istiod charts/control-plane, or name its namespace with --istio-namespace")
            : ready == 0 ? new CheckLine(CheckOutcome.Failed, What, $"none of {pods.Count} pods is ready: {Names(pods)}", $"kubectl -n {facts.SystemNamespace} logs -l app=istiod; /ready on port 8080 says what is missing")
            : new CheckLine(ready < pods.Count ? CheckOutcome.Warning : CheckOutcome.Good, What, $"{ready} of {pods.Count} pods ready", ready < pods.Count ? $"kubectl -n {facts.SystemNamespace} describe pod -l app=istiod" : "");
    }

    private static CheckLine Service(MeshFacts facts)
    {
        const string What = "service of the control plane";
        if (facts.ControlPlaneServices.Count == 0)
        {
            return new CheckLine(CheckOutcome.Failed, What, $"no Service with label app=istiod and port 15012 in {facts.SystemNamespace}", "helm upgrade --install istiod charts/control-plane, or name its namespace with --istio-namespace");
        }

        string[] empty = [.. facts.ControlPlaneServices.Where(name => Addresses(facts, name) == 0)];
        return empty.Length == 0
            ? new CheckLine(CheckOutcome.Good, What, string.Join("; ", facts.ControlPlaneServices.Select(name => $"{name}.{facts.SystemNamespace}.svc:15012 leads to {Addresses(facts, name)} address{(Addresses(facts, name) == 1 ? "" : "es")}")))
            : new CheckLine(CheckOutcome.Failed, What, string.Join("; ", empty.Select(name => $"{name}.{facts.SystemNamespace}.svc:15012 leads nowhere")), "the Service's selector must select ready pods: kubectl -n " + facts.SystemNamespace + " get endpointslices -l kubernetes.io/service-name=" + empty[0]);
    }

    private static int Addresses(MeshFacts facts, string service) => facts.ControlPlaneSlices
        .Where(slice => slice.Metadata.Labels.Find(MeshFacts.ServiceLabel) == service && slice.Ports.Any(static p => p.Port == 15012))
        .SelectMany(static s => s.Endpoints).Count(static e => e.IsReady);

    private static CheckLine Roots(MeshFacts facts)
    {
        string[] needed = [facts.SystemNamespace, .. facts.Namespaces.Where(n => facts.Wanted(n).Count > 0).Select(static n => n.Metadata.Name)];
        string[] without = [.. needed.Distinct().Where(n => !facts.RootNamespaces.Contains(n))];
        return without.Length == 0
            ? new CheckLine(CheckOutcome.Good, "roots of trust", $"ConfigMap istio-ca-root-cert is in {facts.RootNamespaces.Count} namespaces")
            : new CheckLine(CheckOutcome.Failed, "roots of trust", $"no ConfigMap istio-ca-root-cert in {Some(without)}", "the control plane's leader writes it: look for its rights on configmaps in its log");
    }

    private static CheckLine OnEveryNode(MeshFacts facts, string what, string label, string value, string chart, string consequence)
    {
        IReadOnlyList<Pod> pods = facts.Components(label, value);
        HashSet<string> served = [.. pods.Where(MeshFacts.IsReady).Select(static p => p.Spec.NodeName)];
        string[] without = [.. facts.Nodes.Select(static n => n.Metadata.Name).Where(n => !served.Contains(n))];
        return without.Length == 0 && facts.Nodes.Count > 0
            ? new CheckLine(CheckOutcome.Good, what, $"ready on all {facts.Nodes.Count} nodes")
            : new CheckLine(
                CheckOutcome.Failed,
                what,
                pods.Count == 0 ? $"no pod with label {label}={value} in {facts.SystemNamespace}" : $"not ready on {Some(without)}; {consequence}",
                pods.Count == 0 ? $"helm upgrade --install {chart} charts/{chart}" : $"kubectl -n {facts.SystemNamespace} describe pod -l {label}={value}");
    }

    private static CheckLine Captured(MeshFacts facts, Namespace space)
    {
        IReadOnlyList<Pod> wanted = facts.Wanted(space);
        Pod[] outside = [.. wanted.Where(static p => p.Status.Phase == "Running" && !MeshFacts.IsCaptured(p))];
        string what = "namespace " + space.Metadata.Name;
        return outside.Length == 0
            ? new CheckLine(CheckOutcome.Good, what, $"{wanted.Count(MeshFacts.IsCaptured)} of {wanted.Count} pods are in the mesh")
            : new CheckLine(CheckOutcome.Failed, what, $"{outside.Length} of {wanted.Count} pods are not captured: {Names(outside)}", "kubectl describe pod says why (events of the node agent); its log, target agent::steps, says more");
    }

    private static IEnumerable<CheckLine> Waypoints(MeshFacts facts)
    {
        foreach (Gateway gateway in (facts.Gateways ?? []).Where(static g => g.Spec.GatewayClassName == "istio-waypoint"))
        {
            Condition? programmed = gateway.Status.Conditions.FirstOrDefault(static c => c.Type == "Programmed");
            string what = $"waypoint {gateway.Metadata.Namespace}/{gateway.Metadata.Name}";
            yield return programmed?.Status == "True"
                ? new CheckLine(CheckOutcome.Good, what, "programmed")
                : new CheckLine(CheckOutcome.Failed, what, programmed is null ? "no controller has looked at it" : $"not programmed: {programmed.Reason} {programmed.Message}".TrimEnd(), $"kubectl -n {gateway.Metadata.Namespace} describe gateway {gateway.Metadata.Name}");
        }

        HashSet<(string, string)> there = [.. (facts.Gateways ?? []).Select(static g => (g.Metadata.Namespace, g.Metadata.Name))];
        foreach (Namespace space in facts.Namespaces)
        {
            if (space.Metadata.Labels.Find(MeshFacts.WaypointLabel) is { } name && name != "none")
            {
                string home = space.Metadata.Labels.Find("istio.io/use-waypoint-namespace") ?? space.Metadata.Name;
                if (!there.Contains((home, name)))
                {
                    yield return new CheckLine(CheckOutcome.Failed, $"waypoint of namespace {space.Metadata.Name}", $"its label names {home}/{name}, and there is no such Gateway", $"ambientctl waypoint apply --namespace {home} --name {name}, or remove the label");
                }
            }
        }
    }

    private static string Names(IEnumerable<Pod> pods) => Some([.. pods.Select(static p => p.Metadata.Name)]);

    private static string Some(IReadOnlyCollection<string> names) => string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");
}
