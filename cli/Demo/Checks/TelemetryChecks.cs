using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Observation;

namespace Ambient.Cli.Demo.Checks;

/// <summary>What the metrics say about everything before.</summary>
internal static class TelemetryChecks
{
    public static async Task MetricsTellItAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        log.Did("GET :15020/metrics on both nodes");
        MetricPage source = await mesh.Nodes["node1"].MetricsAsync(cancellation);
        MetricPage destination = await mesh.Nodes["node2"].MetricsAsync(cancellation);
        string client = $"source_principal=\"{SandboxLayout.Client.Identity}\"";
        string redis = $"destination_principal=\"{SandboxLayout.Redis.Identity}\"";
        const string mtls = "connection_security_policy=\"mutual_tls\"";

        double opened = source.Sum("istio_tcp_connections_opened_total", "reporter=\"source\"", client, redis, mtls);
        double accepted = destination.Sum("istio_tcp_connections_opened_total", "reporter=\"destination\"", client, redis, mtls);
        double sent = destination.Sum("istio_tcp_sent_bytes_total", "reporter=\"destination\"", client, redis);
        double received = destination.Sum("istio_tcp_received_bytes_total", "reporter=\"destination\"", client, redis);
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"client → redis: node1 opened {opened}, node2 accepted {accepted}; {received} bytes there, {sent} back"));
        log.Require(opened > 0 && accepted > 0, "both nodes must count client's connections to redis, with both identities");
        log.Require(sent > 0 && received > 0, "bytes must be counted in both directions");

        double service = source.Sum("istio_tcp_connections_opened_total", "reporter=\"source\"", client, $"destination_service=\"{SandboxLayout.Web.Host}\"");
        double denied = destination.Sum("istio_tcp_connections_failed_total", "reporter=\"destination\"", "response_flags=\"DENY\"");
        double cleartext = destination.Sum("istio_tcp_connections_opened_total", "reporter=\"destination\"", "source_workload=\"outsider\"", "connection_security_policy=\"unknown\"");
        double dns = source.Sum("istio_dns_requests_total");
        double pods = source.Sum("workload_manager_active_proxy_count");
        double expected = mesh.Pods.Count(p => p.Plan.IsMeshed && p.Plan.Node == "node1");
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"to {SandboxLayout.Web.Host}: {service}; refused by policy on node2: {denied}; outsider's plaintext: {cleartext}; DNS requests on node1: {dns}; pods served by node1: {pods}"));
        log.Require(service > 0, "connections must be counted under their service");
        log.Require(denied > 0, "refused connections must be counted as DENY");
        log.Require(cleartext > 0, "plaintext must be counted as plaintext");
        log.Require(dns > 0, "DNS requests must be counted");
        log.Require(pods == expected, string.Create(CultureInfo.InvariantCulture, $"node1 must serve {expected} pods"));
    }
}
