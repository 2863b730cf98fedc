using System.Text.Json;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Operators;

/// <summary>The process as operators meet it: ready, metrics that Prometheus' own tool reads, the dump, the end.</summary>
public sealed class OperatorPortsTests
{
    private const string Model = """
        workloads:
        - {uid: c1//Pod/shop/cart-0, name: cart-0, namespace: shop, trustDomain: cluster.local, serviceAccount: cart, workloadIps: ["127.0.0.5"], protocol: HBONE, node: n1, services: {"shop/cart.shop.svc.cluster.local": {80: 8080}}}
        services:
        - {name: cart, namespace: shop, hostname: cart.shop.svc.cluster.local, vips: ["/127.20.0.1"], ports: {80: 8080}}
        """;

    [RequiresToolFact("curl, promtool, nsenter, setsid", root: true)]
    [Trait("behaviour", "ZT-268")]
    [Trait("behaviour", "ZT-269")]
    [Trait("behaviour", "ZT-272")]
    public async Task Process_ServesItsPortsAndEndsOnRequest()
    {
        await using var network = new TestNetwork();
        VirtualPod pod = network.AddPod("zt");
        string model = Path.Combine(network.Directory, "model.yaml");
        await File.WriteAllTextAsync(model, Model);
        Peer ztunnel = network.Start(new ProcessPlan("ztunnel", "dotnet", Path.Combine(AppContext.BaseDirectory, "ztunnel.dll"))
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(network.Directory, "ztunnel.log"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["FAKE_CA"] = "true",
                ["FAKE_CA_DIR"] = Path.Combine(network.Directory, "ca"),
                ["XDS_ADDRESS"] = string.Empty,
                ["LOCAL_XDS_PATH"] = model,
                ["PROXY_MODE"] = "dedicated",
                ["PROXY_WORKLOAD_INFO"] = "shop/cart-0/cart",
                ["XDS_HEADER_AUTHORIZATION"] = "s3cret-header",
            },
        });
        await Eventually.TrueAsync(async () => (await CurlAsync(network, pod, "http://127.0.0.1:15021/healthz/ready")).StartsWith("ready\n200", StringComparison.Ordinal));

        string metrics = Path.Combine(network.Directory, "metrics");
        await network.RunAsync(pod, "curl", "-sS", "-m", "5", "-o", metrics, "http://127.0.0.1:15020/metrics");
        Assert.Contains("istio_build{component=\"ztunnel\"", await File.ReadAllTextAsync(metrics), StringComparison.Ordinal);
        CommandResult checkedMetrics = await network.TryRunAsync(pod, "sh", "-c", $"promtool check metrics < '{metrics}' 2>&1; echo status $?");

        // It parses all of it (else status 1). Its two opinions are about names that dashboards rely on: HELP without "_total",
        // as OpenMetrics wants, and the counts of the pods' proxies.
        string[] complaints =
        [
            .. checkedMetrics.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(l => !l.EndsWith("_total no help text", StringComparison.Ordinal) && !l.StartsWith("workload_manager_", StringComparison.Ordinal)),
        ];
        Assert.True(complaints is ["status 0"] or ["status 3"], string.Join('\n', complaints));

        string dump = await network.RunAsync(pod, "curl", "-sS", "-m", "5", "http://127.0.0.1:15000/config_dump");
        using JsonDocument document = JsonDocument.Parse(dump);
        Assert.Equal("Dedicated", document.RootElement.GetProperty("config").GetProperty("proxyMode").GetString());
        Assert.Equal("cart-0", document.RootElement.GetProperty("workloads")[0].GetProperty("name").GetString());

        Assert.EndsWith("405", await CurlAsync(network, pod, "http://127.0.0.1:15000/quitquitquit"), StringComparison.Ordinal);
        Assert.False(ztunnel.Process.HasExited);
        Assert.Equal("shutdown now\n200", await CurlAsync(network, pod, "http://127.0.0.1:15000/quitquitquit", "-X", "POST"));
        await ztunnel.Process.Exited.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(0, ztunnel.Process.ExitCode);
        Assert.DoesNotContain("s3cret", ztunnel.Log + dump, StringComparison.Ordinal);
        Assert.Contains("\"proxyMode\":\"Dedicated\"", ztunnel.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nsenter, setsid", root: true)]
    public async Task Process_WithWrongSettings_NamesEachOfThem()
    {
        await using var network = new TestNetwork();
        VirtualPod pod = network.AddPod("zt");
        Peer ztunnel = network.Start(new ProcessPlan("ztunnel", "dotnet", Path.Combine(AppContext.BaseDirectory, "ztunnel.dll"))
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(network.Directory, "ztunnel.log"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PROXY_MODE"] = "both", ["KEEPALIVE_TIME"] = "soon" },
        });
        await ztunnel.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(1, ztunnel.Process.ExitCode);
        Assert.Contains("invalid env var PROXY_MODE=both (unknown mode); allowed: shared or dedicated", ztunnel.Log, StringComparison.Ordinal);
        Assert.Contains("invalid env var KEEPALIVE_TIME=soon (not a duration)", ztunnel.Log, StringComparison.Ordinal);
    }

    private static async Task<string> CurlAsync(TestNetwork network, VirtualPod pod, string url, params string[] more)
        => (await network.TryRunAsync(pod, "curl", [.. (string[])["-sS", "-m", "5", "-w", "%{http_code}", url], .. more])).Output;
}
