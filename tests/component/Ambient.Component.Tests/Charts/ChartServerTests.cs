using System.Text.Json.Nodes;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Kubernetes.Manifests;
using Ambient.Rig;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Charts;

/// <summary>The charts against a real API server of version 1.20: it accepts every object, and the kinds accept and refuse what they should.</summary>
[Collection(ChartServerCollection.Name)]
public sealed class ChartServerTests(ApiServerFixture rig) : IAsyncLifetime, IDisposable
{
    private const string Version = "v1.20.2";
    private static readonly string Resources = Path.Combine(ChartRenderer.Root, "tests/charts/resources");
    private ObjectApplier? _server;

    private ObjectApplier Server => _server!;

    public async Task InitializeAsync()
    {
        if (KubernetesBinaries.Missing("kube-apiserver", "etcd") is not null || ChartRenderer.Missing() is not null)
        {
            return;
        }

        _server = new ObjectApplier(rig.Files);
        foreach (string space in new[] { "istio-system", "shop" })
        {
            Assert.Null(await Server.ApplyAsync(JsonNode.Parse($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{space}}}"}}""")!.AsObject()));
        }

        foreach (JsonObject definition in ChartRenderer.Render("base", "", Version))
        {
            Assert.Null(await Server.ApplyAsync(definition));
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _server?.Dispose();

    [RequiresChartRendererFact(server: true)]
    public async Task Objects_OfEveryChart_AreAccepted()
    {
        foreach ((string chart, string values) in ChartRenderer.Charts.Select(c => (c, "")).Concat(ChartValues.Extremes))
        {
            foreach (JsonObject one in ChartRenderer.Render(chart, values, Version))
            {
                string? refusal = await Server.ApplyAsync(one, dryRun: true);
                Assert.True(refusal is null, $"{chart} {one["kind"]} {one["metadata"]!["name"]}: {refusal}");
            }
        }
    }

    [RequiresChartRendererFact(server: true)]
    public async Task Definitions_AreEstablished_StructuralAndServed()
    {
        foreach (JsonObject definition in ChartRenderer.Render("base", "", Version))
        {
            string path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + definition["metadata"]!["name"];
            await Eventually.PassesAsync(
                async () =>
                {
                    JsonArray conditions = (await Server.ReadAsync(path))["status"]!["conditions"]!.AsArray();
                    Assert.Contains(conditions, c => (string)c!["type"]! == "Established" && (string)c["status"]! == "True");
                    Assert.DoesNotContain(conditions, c => (string)c!["type"]! == "NonStructuralSchema" && (string)c["status"]! == "True");
                },
                TimeSpan.FromSeconds(60));
            foreach (string version in definition["spec"]!["versions"]!.AsArray().Select(v => (string)v!["name"]!))
            {
                JsonNode served = await Server.ReadAsync($"/apis/{definition["spec"]!["group"]}/{version}");
                Assert.Contains(served["resources"]!.AsArray(), r => (string)r!["name"]! == (string)definition["spec"]!["names"]!["plural"]!);
            }
        }
    }

    [RequiresChartRendererFact(server: true)]
    public async Task Resources_ThatAreRight_AreAccepted_AndNothingOfThemIsLost()
    {
        int seen = 0;
        foreach (JsonObject one in Read("right.yaml"))
        {
            seen++;
            string? refusal = await Server.ApplyAsync(one);
            Assert.True(refusal is null, $"{one["kind"]} {one["metadata"]!["name"]}: {refusal}");
            JsonObject stored = (await StoredAsync(one)).AsObject();
            Assert.Empty(Lost(one["spec"], stored["spec"], "spec"));
        }

        Assert.True(seen >= 15, $"only {seen} resources");
    }

    [RequiresChartRendererFact(server: true)]
    public async Task Resources_ThatAreWrong_AreRefused_AndTheFieldIsNamed()
    {
        int seen = 0;
        foreach (JsonObject one in Read("wrong.yaml"))
        {
            seen++;
            string named = (string)one["metadata"]!["annotations"]!["wrong"]!;
            string? refusal = await Server.ApplyAsync(one, dryRun: true);
            Assert.True(refusal?.Contains(named, StringComparison.Ordinal) == true, $"{one["kind"]} {one["metadata"]!["name"]}: not refused for {named}: {refusal ?? "accepted"}");
        }

        Assert.True(seen >= 25, $"only {seen} resources");
    }

    [RequiresChartRendererFact(server: true)]
    public async Task Rights_AreEnough_AndNotMore()
    {
        foreach (JsonObject one in ChartRenderer.Render("ambient", "", Version).Where(o => ((string)o["kind"]!).Contains("Role", StringComparison.Ordinal)))
        {
            Assert.Null(await Server.ApplyAsync(one));
        }

        (string Account, string Verb, string Group, string Resource, string Space, string Name, bool May)[] table =
        [
            ("istiod", "watch", "", "pods", "", "", true),
            ("istiod", "list", "security.istio.io", "authorizationpolicies", "", "", true),
            ("istiod", "list", "discovery.k8s.io", "endpointslices", "", "", true),
            ("istiod", "patch", "security.istio.io", "authorizationpolicies/status", "shop", "x", true),
            ("istiod", "patch", "security.istio.io", "authorizationpolicies", "shop", "x", false),
            ("istiod", "create", "authentication.k8s.io", "tokenreviews", "", "", true),
            ("istiod", "patch", "", "configmaps", "shop", "istio-ca-root-cert", true),
            ("istiod", "patch", "", "configmaps", "shop", "other", false),
            ("istiod", "patch", "apps", "deployments", "shop", "waypoint", true),
            ("istiod", "delete", "apps", "deployments", "shop", "waypoint", true),
            ("istiod", "update", "apps", "deployments", "shop", "waypoint", false),
            ("istiod", "update", "", "services", "shop", "waypoint", false),
            ("istiod", "update", "", "serviceaccounts", "shop", "waypoint", false),
            ("istiod", "list", "autoscaling", "horizontalpodautoscalers", "shop", "", true),
            ("istiod", "delete", "autoscaling", "horizontalpodautoscalers", "shop", "waypoint", true),
            ("istiod", "update", "autoscaling", "horizontalpodautoscalers", "shop", "waypoint", false),
            ("istiod", "delete", "policy", "poddisruptionbudgets", "shop", "waypoint", true),
            ("istiod", "update", "policy", "poddisruptionbudgets", "shop", "waypoint", false),
            ("istiod", "update", "security.istio.io", "authorizationpolicies/status", "shop", "x", false),
            ("istiod", "update", "gateway.networking.k8s.io", "gatewayclasses", "", "x", false),
            ("istiod", "update", "gateway.networking.k8s.io", "gateways/finalizers", "shop", "x", false),
            ("istiod", "delete", "gateway.networking.k8s.io", "gateways", "shop", "x", false),
            ("istiod", "patch", "", "configmaps", "istio-system", "ambient-key-sets", true),
            ("istiod", "delete", "", "configmaps", "istio-system", "ambient-key-sets", false),
            ("istiod", "delete", "", "configmaps", "shop", "istio-ca-root-cert", true),
            ("istiod", "list", "coordination.k8s.io", "leases", "istio-system", "", false),
            ("istiod", "create", "", "events", "shop", "", false),
            ("istiod", "patch", "", "events", "shop", "x", false),
            ("istiod", "create", "gateway.networking.k8s.io", "gatewayclasses", "", "", true),
            ("istiod", "update", "", "secrets", "istio-system", "istio-ca-secret", true),
            ("istiod", "get", "", "secrets", "istio-system", "other", false),
            ("istiod", "list", "", "secrets", "", "", false),
            ("istiod", "get", "", "secrets", "shop", "istio-ca-secret", false),
            ("istiod", "update", "coordination.k8s.io", "leases", "istio-system", "x", true),
            ("istiod", "update", "coordination.k8s.io", "leases", "kube-system", "x", false),
            ("istiod", "create", "", "pods", "shop", "", false),
            ("istiod", "delete", "", "pods", "shop", "x", false),
            ("istiod", "create", "rbac.authorization.k8s.io", "clusterroles", "", "", false),
            ("istiod", "create", "", "serviceaccounts/token", "shop", "x", false),
            ("istio-cni", "watch", "", "pods", "", "", true),
            ("istio-cni", "list", "", "namespaces", "", "", true),
            ("istio-cni", "patch", "", "pods/status", "shop", "x", true),
            ("istio-cni", "create", "", "events", "shop", "", true),
            ("istio-cni", "patch", "", "pods", "shop", "x", false),
            ("istio-cni", "delete", "", "pods", "shop", "x", false),
            ("istio-cni", "get", "", "secrets", "shop", "x", false),
            ("istio-cni", "get", "apps", "daemonsets", "istio-system", "istio-cni-node", true),
            ("istio-cni", "get", "apps", "daemonsets", "istio-system", "ztunnel", false),
            ("istio-cni", "get", "", "nodes", "", "n1", true),
            ("istio-cni", "list", "", "nodes", "", "", false),
            ("ztunnel", "get", "", "pods", "istio-system", "x", false),
            ("ztunnel", "get", "", "configmaps", "istio-system", "x", false),
        ];
        await Eventually.PassesAsync(async () =>
        {
            foreach ((string account, string verb, string group, string resource, string space, string name, bool may) in table)
            {
                string[] parts = resource.Split('/');
                JsonNode review = await Server.AskAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", JsonNode.Parse($$$"""
                    {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"system:serviceaccount:istio-system:{{{account}}}","groups":["system:serviceaccounts","system:authenticated"],
                     "resourceAttributes":{"verb":"{{{verb}}}","group":"{{{group}}}","resource":"{{{parts[0]}}}","subresource":"{{{(parts.Length > 1 ? parts[1] : "")}}}","namespace":"{{{space}}}","name":"{{{name}}}"} } }
                    """)!.AsObject());
                Assert.True((bool)review["status"]!["allowed"]! == may, $"{account} {verb} {group}/{resource} {space}/{name}: expected {may}");
            }
        }, TimeSpan.FromSeconds(30));
    }

    private static IEnumerable<JsonObject> Read(string file)
    {
        Assert.True(YamlDocument.TryRead(File.ReadAllText(Path.Combine(Resources, file)), out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem), problem?.ToString());
        return documents.Select(d => JsonNode.Parse(d.Json)!.AsObject());
    }

    private static IEnumerable<string> Lost(JsonNode? given, JsonNode? stored, string path)
    {
        switch (given)
        {
            case JsonObject fields:
                return fields.SelectMany(f => Lost(f.Value, (stored as JsonObject)?[f.Key], $"{path}.{f.Key}"));
            case JsonArray items:
                return items.SelectMany((item, i) => Lost(item, stored is JsonArray kept && kept.Count > i ? kept[i] : null, $"{path}[{i}]"));
            default:
                return stored is null || given?.ToJsonString() != stored.ToJsonString() ? [path] : [];
        }
    }

    private async Task<JsonNode> StoredAsync(JsonObject one)
    {
        string version = (string)one["apiVersion"]!, kind = (string)one["kind"]!;
        JsonNode found = (await Server.ReadAsync("/apis/" + version))["resources"]!.AsArray().First(k => (string)k!["kind"]! == kind)!;
        string space = (bool)found["namespaced"]! ? $"/namespaces/{one["metadata"]!["namespace"]}" : "";
        return await Server.ReadAsync($"/apis/{version}{space}/{found["name"]}/{one["metadata"]!["name"]}");
    }
}
