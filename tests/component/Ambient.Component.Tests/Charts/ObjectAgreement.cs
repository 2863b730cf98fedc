using System.Text.Json.Nodes;

namespace Ambient.Component.Tests.Charts;

/// <summary>Whether what objects of one chart say about each other is so. Pure.</summary>
internal static class ObjectAgreement
{
    private static readonly string[] ClusterWide = ["CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"];

    /// <summary>Names of variables that containers get, directly and by ConfigMaps.</summary>
    public static IEnumerable<string> Variables(IReadOnlyList<JsonObject> objects)
    {
        IEnumerable<string> direct = Workloads(objects).SelectMany(w => Containers(w)).SelectMany(c => Items(c, "env")).Select(e => (string)e["name"]!);
        IEnumerable<string> mapped = from container in Workloads(objects).SelectMany(Containers)
                                     from source in Items(container, "envFrom")
                                     let map = objects.Single(o => Kind(o) == "ConfigMap" && Name(o) == (string)source["configMapRef"]!["name"]!)
                                     from key in map["data"]!.AsObject()
                                     select key.Key;
        return direct.Concat(mapped);
    }

    /// <summary>What does not agree, one line each.</summary>
    public static IEnumerable<string> Problems(IReadOnlyList<JsonObject> objects)
    {
        foreach (IGrouping<string, JsonObject> twice in objects.GroupBy(o => $"{o["apiVersion"]} {Kind(o)} {Name(o)}").Where(g => g.Count() > 1))
        {
            yield return $"{twice.Key} is there twice";
        }

        foreach (JsonObject one in objects)
        {
            string about = $"{Kind(one)} {Name(one)}: ";
            if (ClusterWide.Contains(Kind(one)) == (one["metadata"]!["namespace"] is not null))
            {
                yield return about + "namespace";
            }

            foreach (string label in (string[])["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "helm.sh/chart"])
            {
                if (one["metadata"]!["labels"]?[label] is null)
                {
                    yield return about + "no label " + label;
                }
            }

            IEnumerable<string> problems = Kind(one) switch
            {
                "Deployment" or "DaemonSet" => OfWorkload(one, objects),
                "Service" => OfService(one, objects),
                "ClusterRoleBinding" or "RoleBinding" => OfBinding(one, objects),
                "NetworkPolicy" => OfPolicy(one, objects),
                "PodDisruptionBudget" => Selected(one["spec"]!["selector"]!["matchLabels"]!, objects).Any() ? [] : ["selects nothing"],
                "HorizontalPodAutoscaler" => objects.Any(o => Kind(o) == (string)one["spec"]!["scaleTargetRef"]!["kind"]! && Name(o) == (string)one["spec"]!["scaleTargetRef"]!["name"]!) ? [] : ["scales nothing"],
                _ => [],
            };
            foreach (string problem in problems)
            {
                yield return about + problem;
            }
        }
    }

    private static IEnumerable<string> OfWorkload(JsonObject workload, IReadOnlyList<JsonObject> objects)
    {
        JsonNode template = workload["spec"]!["template"]!, pod = template["spec"]!;
        if (!Covers(workload["spec"]!["selector"]!["matchLabels"]!, template["metadata"]!["labels"]!))
        {
            yield return "the selector does not select its own pods";
        }

        if (!objects.Any(o => Kind(o) == "ServiceAccount" && Name(o) == (string)pod["serviceAccountName"]!))
        {
            yield return "there is no service account " + pod["serviceAccountName"];
        }

        HashSet<string> volumes = [.. Items(pod, "volumes").Select(v => (string)v["name"]!)];
        HashSet<string> mounted = [.. Containers(workload).SelectMany(c => Items(c, "volumeMounts")).Select(m => (string)m["name"]!)];
        if (!volumes.SetEquals(mounted))
        {
            yield return "volumes and mounts differ: " + string.Join(' ', volumes.Except(mounted).Concat(mounted.Except(volumes)));
        }

        foreach (JsonNode container in Containers(workload))
        {
            HashSet<string> ports = [.. Items(container, "ports").Select(p => (string)p["name"]!)];
            foreach (JsonNode? probe in new[] { container["readinessProbe"]!["httpGet"], container["livenessProbe"]?["httpGet"] }.Where(p => p is not null))
            {
                if (!ports.Contains(probe!["port"]!.ToString()))
                {
                    yield return $"a probe asks port {probe["port"]}";
                }
            }

            foreach (IGrouping<string, JsonNode> twice in Items(container, "env").GroupBy(e => (string)e["name"]!).Where(g => g.Count() > 1))
            {
                yield return $"{twice.Key} is set twice";
            }

            foreach (JsonNode variable in Items(container, "env").Where(e => e["value"] is { } v && v.GetValueKind() != System.Text.Json.JsonValueKind.String))
            {
                yield return $"{variable["name"]} is no text";
            }
        }
    }

    private static IEnumerable<string> OfService(JsonObject service, IReadOnlyList<JsonObject> objects)
    {
        JsonObject[] selected = [.. Selected(service["spec"]!["selector"]!, objects)];
        if (selected.Length != 1)
        {
            yield return $"selects {selected.Length} workloads";
            yield break;
        }

        HashSet<string> ports = [.. Containers(selected[0]).SelectMany(c => Items(c, "ports")).Select(p => (string)p["name"]!)];
        foreach (JsonNode port in Items(service["spec"]!, "ports").Where(p => !ports.Contains(p["targetPort"]!.ToString())))
        {
            yield return $"port {port["name"]} leads nowhere";
        }
    }

    private static IEnumerable<string> OfBinding(JsonObject binding, IReadOnlyList<JsonObject> objects)
    {
        if (!objects.Any(o => Kind(o) == (string)binding["roleRef"]!["kind"]! && Name(o) == (string)binding["roleRef"]!["name"]!))
        {
            yield return "binds no role of the chart";
        }

        if (!Items(binding, "subjects").All(s => objects.Any(o => Kind(o) == "ServiceAccount" && Name(o) == (string)s["name"]!)))
        {
            yield return "binds nobody of the chart";
        }
    }

    /// <summary>A NetworkPolicy lets in exactly what a container listens on, apart from ports for people (15000 is only on loopback).</summary>
    private static IEnumerable<string> OfPolicy(JsonObject policy, IReadOnlyList<JsonObject> objects)
    {
        JsonObject workload = Selected(policy["spec"]!["podSelector"]!["matchLabels"]!, objects).Single();
        HashSet<int> listens = [.. Containers(workload).SelectMany(c => Items(c, "ports")).Select(p => (int)p["containerPort"]!)];
        HashSet<int> letIn = [.. Items(policy["spec"]!, "ingress").SelectMany(i => Items(i, "ports")).Select(p => (int)p["port"]!).Where(p => p != 15000)];
        if (!listens.SetEquals(letIn))
        {
            yield return $"lets in {string.Join(' ', letIn)}, and there is {string.Join(' ', listens)}";
        }
    }

    private static IEnumerable<JsonObject> Workloads(IEnumerable<JsonObject> objects) => objects.Where(o => Kind(o) is "Deployment" or "DaemonSet");

    private static IEnumerable<JsonObject> Selected(JsonNode selector, IEnumerable<JsonObject> objects) =>
        Workloads(objects).Where(w => Covers(selector, w["spec"]!["template"]!["metadata"]!["labels"]!));

    private static bool Covers(JsonNode selector, JsonNode labels) => selector.AsObject().All(s => (string?)labels[s.Key] == (string)s.Value!);

    private static IEnumerable<JsonNode> Containers(JsonObject workload) => Items(workload["spec"]!["template"]!["spec"]!, "containers");

    private static IEnumerable<JsonNode> Items(JsonNode parent, string name) => (parent[name] as JsonArray ?? []).Select(n => n!);

    private static string Kind(JsonObject one) => (string)one["kind"]!;

    private static string Name(JsonObject one) => (string)one["metadata"]!["name"]!;
}
