using System.Text;
using Ambient.Benchmarks.Network;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Benchmarks.Subjects;

/// <summary>
/// Two ztunnels, one per namespace, each with one data-path thread, behind the product's own in-pod redirection: the load generator
/// connects to a service address as any application would. Capture, source-address preservation, policy evaluation, metrics and access
/// log are on, as in production; the peers have none of them.
/// </summary>
internal sealed class AmbientSubject(RedirectionMethod method) : Subject
{
    public override string Name => method == RedirectionMethod.Sockets ? "ambient" : "ambient-nat";

    /// <summary>Redirection by translation is there to show what capture costs.</summary>
    public override bool IsOptional => method == RedirectionMethod.Translation;

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServiceAddress}:{context.TargetPort}";

    public override IDisposable? Prepare(SubjectContext context) => new Capture(context.Network, method);

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string model = Path.Combine(context.Directory, "mesh.yaml");
        File.WriteAllText(model, Model(context.Workloads));
        return
        [
            new ProcessSpec(context.Network.Server, [context.ZtunnelPath], Environment(context, model, "server")),
            new ProcessSpec(context.Network.Client, [context.ZtunnelPath], Environment(context, model, "client")),
        ];
    }

    private static Dictionary<string, string> Environment(SubjectContext context, string model, string workload) => new()
    {
        ["PROXY_MODE"] = "dedicated",
        ["PROXY_WORKLOAD_INFO"] = $"bench/{workload}/{workload}",
        ["FAKE_CA"] = "true",
        ["FAKE_CA_DIR"] = Path.Combine(context.Directory, "test-ca"),
        ["XDS_ADDRESS"] = "",
        ["LOCAL_XDS_PATH"] = model,
        ["PACKET_MARK"] = "1337",
        ["ZTUNNEL_WORKER_THREADS"] = "1",
        ["IPV6_ENABLED"] = "false",
        ["ISTIO_META_DNS_CAPTURE"] = "false",
        ["POOL_MAX_STREAMS_PER_CONNECTION"] = context.FreshSessions ? "1" : "100",
        ["RUST_LOG"] = "info",
    };

    private static string Model(int extraWorkloads)
    {
        StringBuilder text = new();
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $$$"""
            services:
            - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{BenchNetwork.ServiceAddress}}}"], ports: {9000: 9000, 9001: 9001}}
            policies:
            - name: only-clients
              namespace: bench
              scope: Namespace
              action: Allow
              dryRun: false
              rules: [[[{principals: [!Exact cluster.local/ns/bench/sa/client]}]]]
            workloads:
            - {uid: bench//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{BenchNetwork.ClientAddress}}}"], protocol: HBONE, services: {}}
            - uid: bench//Pod/bench/server
              name: server
              namespace: bench
              trustDomain: cluster.local
              serviceAccount: server
              workloadIps: ["{{{BenchNetwork.ServerAddress}}}"]
              protocol: HBONE
              services: {"bench/cart.bench.svc.cluster.local": {9000: 9000, 9001: 9001}}

            """);
        for (int i = 0; i < extraWorkloads; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"- {{uid: bench//Pod/ns-{i % 100}/app-{i % 5000}-{i}, name: app-{i % 5000}-{i}, namespace: ns-{i % 100}, trustDomain: cluster.local, serviceAccount: app-{i % 5000}, workloadIps: [\"10.{128 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}\"], protocol: HBONE, node: node-{i % 1000}, workloadName: app-{i % 5000}, canonicalName: app-{i % 5000}, services: {{}}}}\n");
        }

        return text.ToString();
    }

    /// <summary>Both pods' rules.</summary>
    private sealed class Capture(BenchNetwork network, RedirectionMethod method) : IDisposable
    {
        private readonly CaptureRules _client = new(network.Client, BenchNetwork.ClientAddress, method);
        private readonly CaptureRules _server = new(network.Server, BenchNetwork.ServerAddress, method);

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
        }
    }
}
