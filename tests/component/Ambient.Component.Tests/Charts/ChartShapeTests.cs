using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Testing.Goldens;

namespace Ambient.Component.Tests.Charts;

/// <summary>What the charts render to: goldens, agreement of names, and agreement with what the programs read.</summary>
public sealed partial class ChartShapeTests
{
    private static readonly string[] Charts = ["control-plane", "cni", "ztunnel"];

    [RequiresChartRendererFact]
    public void Defaults_AreAsReviewed()
    {
        foreach (string chart in Charts)
        {
            Golden.Match(chart + ".yaml", ChartRenderer.Text(chart));
        }

        Golden.Match("base.txt", string.Join('\n', ChartRenderer.Render("base").SelectMany(SchemaOutline.Of)));
    }

    [RequiresChartRendererFact]
    public void Extremes_AreAsReviewed()
    {
        foreach ((string chart, string values) in ChartValues.Extremes.Where(e => e.Chart != "ambient"))
        {
            Golden.Match(chart + "-extreme.yaml", ChartRenderer.Text(chart, values));
        }
    }

    [RequiresChartRendererFact]
    public void Umbrella_IsTheSumOfItsCharts_AndValuesReachThem()
    {
        string[] Names(IEnumerable<JsonObject> objects) => [.. objects.Select(o => $"{o["kind"]} {o["metadata"]!["name"]}").Order(StringComparer.Ordinal)];
        Assert.Equal(Names(((string[])["base", .. Charts]).SelectMany(c => ChartRenderer.Render(c))), Names(ChartRenderer.Render("ambient")));

        string[] changed = Names(ChartRenderer.Render("ambient", ChartValues.Ambient));
        Assert.DoesNotContain(changed, n => n.Contains("ztunnel", StringComparison.Ordinal) || n.Contains("telemetries", StringComparison.Ordinal) || n.Contains("gateway.networking.k8s.io", StringComparison.Ordinal));
        string text = ChartRenderer.Text("ambient", ChartValues.Ambient);
        Assert.Contains("registry.example/x/ambientd:2.0.0", text, StringComparison.Ordinal);
        Assert.Contains("registry.example/x/cni:9.9", text, StringComparison.Ordinal);
        Assert.Contains("proxies/ztunnel", text, StringComparison.Ordinal);
        Assert.Contains("/var/run/docker/netns", text, StringComparison.Ordinal);
        Assert.Contains("PodDisruptionBudget istiod", changed);
    }

    /// <summary>Secrets are read only where several clusters are one mesh; who reads for other clusters reads none, and writes nothing.</summary>
    [RequiresChartRendererFact]
    public void SeveralClusters_BringTheirRights_AndOneDoesNot()
    {
        const string Several = "env: {AMBIENT_ENABLE_MULTI_NETWORK: \"true\"}";
        JsonObject[] plain = [.. ChartRenderer.Render("control-plane")], several = [.. ChartRenderer.Render("control-plane", Several)];
        static string[] Verbs(IEnumerable<JsonObject> objects, string kind, string prefix, string resource) =>
        [
            .. objects.Where(o => (string)o["kind"]! == kind && ((string)o["metadata"]!["name"]!).StartsWith(prefix, StringComparison.Ordinal)).SelectMany(static o => o["rules"]!.AsArray())
                .Where(rule => rule!["resources"]!.AsArray().Any(r => (string)r! == resource)).SelectMany(static rule => rule!["verbs"]!.AsArray()).Select(static verb => (string)verb!).Distinct().Order(StringComparer.Ordinal),
        ];
        Assert.Equal(["create", "get", "update"], Verbs(plain, "Role", "istiod", "secrets"));
        Assert.Equal(["create", "get", "list", "update", "watch"], Verbs(several, "Role", "istiod", "secrets"));
        Assert.DoesNotContain(plain, static o => ((string)o["metadata"]!["name"]!).StartsWith("istio-reader", StringComparison.Ordinal));
        Assert.Empty(Verbs(several, "ClusterRole", "istio-reader", "secrets"));
        Assert.Equal(["get", "list", "watch"], Verbs(several, "ClusterRole", "istio-reader", "pods"));
        Assert.Empty(ObjectAgreement.Problems([.. several]));
    }

    [RequiresChartRendererFact]
    public void NamesAgree_InsideOfEveryChart()
    {
        foreach ((string chart, string values) in ChartRenderer.Charts.Select(c => (c, "")).Concat(ChartValues.Extremes))
        {
            Assert.Empty(ObjectAgreement.Problems(ChartRenderer.Render(chart, values)).Select(p => $"{chart}: {p}"));
        }
    }

    [RequiresChartRendererFact]
    public void Variables_AreThoseThatTheProgramsRead()
    {
        List<string> unknown = [];
        foreach ((string chart, string source) in new[] { ("control-plane", "control-plane/ambientd"), ("cni", "cni-plugin/agent"), ("ztunnel", "ztunnel") })
        {
            HashSet<string> read = [.. Directory.EnumerateFiles(Path.Combine(ChartRenderer.Root, source), "*.cs", SearchOption.AllDirectories).SelectMany(f => Words().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))];
            foreach (string values in new[] { "", ChartValues.Extremes.Single(e => e.Chart == chart).Values })
            {
                foreach (string name in ObjectAgreement.Variables(ChartRenderer.Render(chart, values)))
                {
                    bool isMetadata = chart == "ztunnel" && name.StartsWith("ISTIO_META_", StringComparison.Ordinal);
                    bool isRuntimes = name.StartsWith("DOTNET_", StringComparison.Ordinal);
                    if (!isMetadata && !isRuntimes && !read.Contains(name))
                    {
                        unknown.Add($"{chart}: {name} is not read by {source}");
                    }
                }
            }
        }

        Assert.Empty(unknown.Distinct());
    }

    [RequiresChartRendererFact]
    public void Proxies_AreNotPrivileged_AndHaveNoMoreThanTheyNeed()
    {
        Assert.Equal("SYS_ADMIN NET_ADMIN NET_RAW", Added(ChartRenderer.Render("ztunnel")));
        Assert.Equal("NET_ADMIN NET_RAW SYS_ADMIN SYS_PTRACE DAC_OVERRIDE", Added(ChartRenderer.Render("cni")));
        JsonObject deployment = ChartRenderer.Render("control-plane").Single(o => (string)o["kind"]! == "Deployment");
        JsonNode container = Pod(deployment)["containers"]![0]!;
        Assert.Equal((true, false), ((bool)Pod(deployment)["securityContext"]!["runAsNonRoot"]!, (bool)container["securityContext"]!["allowPrivilegeEscalation"]!));
        Assert.DoesNotContain(ChartRenderer.Charts.SelectMany(c => ChartRenderer.Render(c)), o => o.ToJsonString().Contains("\"privileged\":true", StringComparison.Ordinal));
    }

    [RequiresChartRendererFact]
    public void OldKubernetes_GetsWhatItKnows()
    {
        JsonNode Strategy(string version) => ChartRenderer.Render("ztunnel", "", version).Single(o => (string)o["kind"]! == "DaemonSet")["spec"]!["updateStrategy"]!;
        Assert.Equal("""{"rollingUpdate":{"maxUnavailable":1},"type":"RollingUpdate"}""", Sorted(Strategy("v1.20.2")));
        Assert.Equal("""{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0},"type":"RollingUpdate"}""", Sorted(Strategy("v1.31.0")));
        string[] Versions(string kubernetes) => [.. ChartRenderer.Render("control-plane", "{autoscaleEnabled: true}", kubernetes).Select(o => (string)o["apiVersion"]!).Where(v => v.StartsWith("autoscaling", StringComparison.Ordinal) || v.StartsWith("policy", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(["autoscaling/v2beta2", "policy/v1beta1"], Versions("v1.20.2"));
        Assert.Equal(["autoscaling/v2", "policy/v1"], Versions("v1.31.0"));
    }

    [RequiresChartRendererFact]
    public void WrongValues_AreRefusedByName()
    {
        (string Chart, string Values, string Named)[] wrong =
        [
            ("control-plane", "{replicaCont: 2}", "replicaCont"),
            ("control-plane", "{replicaCount: two}", "replicaCount"),
            ("control-plane", "{trustedNodeAccounts: [ztunnel]}", "trustedNodeAccounts"),
            ("control-plane", "{global: {hub: ''}}", "global.hub"),
            ("control-plane", "{revision: Not_A_Label}", "revision"),
            ("cni", "{cniBinDir: opt/cni}", "cniBinDir"),
            ("cni", "{ambient: {redirection: tproxy}}", "redirection"),
            ("cni", "{ambient: {dnsCaptrue: true}}", "dnsCaptrue"),
            ("cni", "{istioOwnedCNIConfigFileName: ../x}", "istioOwnedCNIConfigFileName"),
            ("cni", "{global: {platform: amiga}}", "global.platform"),
            ("ztunnel", "{terminationGracePeriodSeconds: 0}", "terminationGracePeriodSeconds"),
            ("ztunnel", "{resourceName: ''}", "resourceName"),
            ("ztunnel", "{logAsJson: 'yes'}", "logAsJson"),
            ("base", "{base: {gatewayAPI: perhaps}}", "gatewayAPI"),
            ("ambient", "{istiod: {replicaCont: 2}}", "replicaCont"),
        ];
        foreach ((string chart, string values, string named) in wrong)
        {
            Assert.Contains(named, ChartRenderer.Refusal(chart, values), StringComparison.Ordinal);
        }
    }

    [RequiresChartRendererFact]
    public void Notes_SayWhatToDoNext()
    {
        Assert.Contains("istio.io/dataplane-mode=ambient", ChartRenderer.Notes("ambient"), StringComparison.Ordinal);
        Assert.Contains("rollout status deployment/istiod-canary-2", ChartRenderer.Notes("control-plane", ChartValues.ControlPlane), StringComparison.Ordinal);
        Assert.DoesNotContain("One replica", ChartRenderer.Notes("control-plane", ChartValues.ControlPlane), StringComparison.Ordinal);
        Assert.Contains("/var/lib/rancher/k3s/agent/etc/cni/net.d", ChartRenderer.Notes("cni", ChartValues.Cni), StringComparison.Ordinal);
        Assert.Contains("trustedZtunnelNamespace=istio-system", ChartRenderer.Notes("ztunnel", ChartValues.Ztunnel), StringComparison.Ordinal);
        Assert.Contains("control plane", ChartRenderer.Notes("base"), StringComparison.Ordinal);
    }

    private static JsonNode Pod(JsonObject workload) => workload["spec"]!["template"]!["spec"]!;

    private static string Added(IReadOnlyList<JsonObject> objects)
    {
        JsonNode security = Pod(objects.Single(o => (string)o["kind"]! == "DaemonSet"))["containers"]![0]!["securityContext"]!;
        Assert.Equal("ALL", (string)security["capabilities"]!["drop"]![0]!);
        Assert.False((bool)security["privileged"]!);
        return string.Join(' ', security["capabilities"]!["add"]!.AsArray().Select(c => (string)c!));
    }

    private static string Sorted(JsonNode node) => node switch
    {
        JsonObject o => "{" + string.Join(',', o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"\"{p.Key}\":{Sorted(p.Value!)}")) + "}",
        _ => node.ToJsonString(),
    };

    [GeneratedRegex("\"([A-Z][A-Z0-9_]{3,})\"")]
    private static partial Regex Words();
}
