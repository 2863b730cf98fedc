using System.Net;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>ambientd on the client's node, with an authority that operators bring along and change.</summary>
internal sealed class RotatingPlane
{
    private const int Terminate = 15;
    private MeshPair _pair = null!;
    private Peer _plane = null!;
    private int _lives;

    public void Attach(MeshPair pair)
    {
        _pair = pair;
        Directory.CreateDirectory(At("manifests"));
        Directory.CreateDirectory(At("cacerts"));
        VirtualNode[] nodes = [pair.Client.Node, pair.Server.Node];
        File.WriteAllLines(At("tokens"), nodes.Select(node => $"ztunnel-{node.Name}-token,istio-system,ztunnel,ztunnel-{node.Name},uid-ztunnel-{node.Name}"));
        File.WriteAllText(Path.Combine(At("manifests"), "mesh.yaml"), string.Concat(
            nodes.Select(node => Pod("ztunnel-" + node.Name, "istio-system", "ztunnel", node, node.Address)).Append(Pod("client", "bench", "client", nodes[0], pair.Client.Address)).Append(Pod("server", "bench", "server", nodes[1], pair.Server.Address))));
    }

    /// <summary>What the operator's Secret says, and what every pod's ConfigMap says with it.</summary>
    public void Install((string Certificate, string Key) signer, string roots)
    {
        File.WriteAllText(Path.Combine(At("cacerts"), "tls.crt"), signer.Certificate);
        File.WriteAllText(Path.Combine(At("cacerts"), "tls.key"), signer.Key);
        File.WriteAllText(Path.Combine(At("cacerts"), "ca.crt"), roots);
        File.WriteAllText(At("root.pem.new"), roots);
        File.Move(At("root.pem.new"), At("root.pem"), overwrite: true);
    }

    public async Task StartAsync()
    {
        _lives++;
        _plane = _pair.Network.Start(new ProcessPlan("ambientd", Path.Combine(AppContext.BaseDirectory, "ambientd"))
        {
            NamespaceName = _pair.Client.Node.NamespaceName,
            LogPath = At($"ambientd-{_lives}.log"),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["AMBIENT_MANIFEST_DIR"] = At("manifests"),
                ["AMBIENT_TOKEN_FILE"] = At("tokens"),
                ["AMBIENT_CA_DIR"] = At("ca"),
                ["ROOT_CA_DIR"] = At("cacerts"),
                ["ISTIO_MULTIROOT_MESH"] = "true",
                ["ISTIOD_CUSTOM_HOST"] = "localhost",
                ["CA_TRUSTED_NODE_ACCOUNTS"] = "istio-system/ztunnel",
            },
        });
        await _plane.LineAsync("ambientd\tready");
    }

    public async Task StopAsync()
    {
        _plane.Process.Signal(Terminate);
        await _plane.Process.Exited.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
    }

    /// <summary>Settings of a node's ztunnel, which asks for its pods' certificates.</summary>
    public (string Name, string Value)[] Connection(VirtualNode node) =>
    [
        ("FAKE_CA", "false"), ("CLUSTER_ID", "Kubernetes"), ("POD_NAME", "ztunnel-" + node.Name), ("POD_NAMESPACE", "istio-system"), ("SERVICE_ACCOUNT", "ztunnel"), ("AUTH_TOKEN", $"ztunnel-{node.Name}-token"),
        ("CA_ADDRESS", $"https://{_pair.Client.Node.Address}:15012"), ("CA_ROOT_CA", At("root.pem")), ("ALT_CA_HOSTNAME", "localhost"), ("CONNECTION_TERMINATION_DEADLINE", "60s"),
    ];

    private static string Pod(string name, string @namespace, string account, VirtualNode node, IPAddress address) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: {{{@namespace}}}, uid: uid-{{{name}}}, labels: {istio.io/dataplane-mode: ambient}}
        spec: {serviceAccountName: {{{account}}}, nodeName: {{{node.Name}}}}
        status: {phase: Running, podIP: {{{address}}}, podIPs: [{ip: {{{address}}}}], conditions: [{type: Ready, status: "True"}]}
        ---

        """;

    private string At(string name) => Path.Combine(_pair.Network.Directory, name);
}
