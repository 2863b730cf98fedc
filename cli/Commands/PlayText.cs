using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Commands;

/// <summary>Commands to play with a sandbox that was left running.</summary>
internal static class PlayText
{
    /// <summary>The text for one run.</summary>
    public static string For(RunId run, string program)
    {
        string client = run.NameOf(SandboxLayout.Client.Name);
        string node = run.NameOf("node1");
        return $"""
            The sandbox goes on (run {run.Text}). Things to try:

              ip netns exec {client} curl -s http://{SandboxLayout.Web.Host}/
              ip netns exec {client} psql -h {SandboxLayout.Database.Host} -U postgres -c 'select inet_client_addr()'
              ip netns exec {client} redis-cli -h {SandboxLayout.Cache.Host} ping
              ip netns exec {client} dig +short {SandboxLayout.Web.Host}
              ip netns exec {client} nft list table inet ambient-redirection
              ip netns exec {run.NameOf("fabric")} tcpdump -ni bridge
              {program} check --sandbox
              {program} ztunnel-config workload --sandbox        (also service, policy, certificate, connections, log)
              {program} explain --sandbox --from {SandboxLayout.Client.Namespace}/{SandboxLayout.Client.Name} --to {SandboxLayout.Web.Host}
              ip netns exec {node} curl -s http://127.0.0.1:15000/config_dump
              ip netns exec {node} curl -s http://127.0.0.1:15020/metrics
              tail -f {run.Directory}/node1/ztunnel.log
              tail -f {run.Directory}/node1/agent.log
              ip netns exec {node} curl -s http://127.0.0.1:8000/pods
              edit {run.Directory}/manifests/{MeshManifests.FileOf(SandboxLayout.Outsider)}    (label istio.io/dataplane-mode: ambient, or none: it joins, or leaves)
              put a policy of Istio's into {run.Directory}/manifests/, and remove it again        (in force at once)
              {program} sandbox apply -f samples/bookshop/manifests        (an application of several services; then -f samples/bookshop/tour/waypoint.yaml, canary-by-weight.yaml ...)
              ip netns exec {client} curl -s http://productpage.bookshop.svc.cluster.local:9080/
              tail -f {run.Directory}/{ControlPlane.Name}/ambientd.log

              {program} sandbox down {run.Text}        removes it
            """;
    }
}
