using System.Net;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Operators;

/// <summary>ambientctl through the Kubernetes API's port forwarding, to an admin port that answers with a dump larger than any message.</summary>
public sealed class PortForwardTests
{
    [Fact]
    public async Task Dump_ComesThroughTheApiServer()
    {
        using var logs = new LogHub(new LogHubOptions());
        await using HttpServer admin = HttpServer.Start(new HttpServerOptions("admin", [new IPEndPoint(IPAddress.Loopback, 0)]), new BigDump(), logs.For("test"));
        await using ForwardingApiServer api = await ForwardingApiServer.StartAsync(admin.LocalAddresses[0].Port);

        CommandResult answer = await RunAsync("ztunnel-config", "workload", "--kubeconfig", api.KubeConfig);
        Assert.True(answer.ExitCode == 0, answer.Text);
        Assert.Equal(BigDump.Count + 1, answer.Output.TrimEnd().Split('\n').Length);
        Assert.Equal("/api/v1/namespaces/istio-system/pods/ztunnel-x/portforward?ports=15000", api.Query);

        Assert.Equal(0, (await RunAsync("ztunnel-config", "workload", "ztunnel-x", "--node", "n1", "--kubeconfig", api.KubeConfig)).ExitCode);
        CommandResult none = await RunAsync("ztunnel-config", "workload", "--node", "n9", "--kubeconfig", api.KubeConfig);
        Assert.True(none.ExitCode == 3 && none.Errors.Contains("on node n9", StringComparison.Ordinal), none.Text);

        api.Complaint = "connection refused";
        CommandResult refused = await RunAsync("ztunnel-config", "workload", "--kubeconfig", api.KubeConfig);
        Assert.True(refused.ExitCode == 3 && refused.Errors.Contains("the kubelet says: connection refused", StringComparison.Ordinal), refused.Text);
    }

    private static Task<CommandResult> RunAsync(params string[] words) =>
        Command.RunAsync(Path.Combine(AppContext.BaseDirectory, "ambientctl"), words, deadline: TimeSpan.FromSeconds(60));

    private sealed class BigDump : IHttpHandler
    {
        public const int Count = 5000;

        public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(HttpAnswer.Text(
            200,
            "{\"workloads\": [" + string.Join(",\n", Enumerable.Range(0, Count).Select(static i => $$"""{"uid": "c//Pod/shop/p{{i}}", "name": "p{{i}}", "namespace": "shop", "protocol": "HBONE", "workloadIps": ["10.1.{{i / 250}}.{{i % 250}}"]}""")) + "]}"));
    }
}
