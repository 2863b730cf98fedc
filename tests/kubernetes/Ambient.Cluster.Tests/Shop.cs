using System.Globalization;
using Ambient.Rig.Clusters;
using Ambient.Topology.Processes;

namespace Ambient.Cluster.Tests;

/// <summary>A namespace of one test with pods of the rig's program, and the questions that tests ask. Removed when disposed.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public const string Label = "istio.io/dataplane-mode=ambient";
    private const string Port = "9000";

    private Shop(RigCluster cluster, string name) => (Cluster, Name) = (cluster, name);

    public string Name { get; }

    private RigCluster Cluster { get; }

    /// <summary>A namespace that is in the mesh, or is not.</summary>
    public static Task<Shop> OpenAsync(MeshFixture mesh, bool labelled = true, string? name = null) => OpenAsync(mesh.Cluster, labelled, name);

    /// <summary>A namespace that is in the mesh, or is not.</summary>
    public static async Task<Shop> OpenAsync(RigCluster cluster, bool labelled = true, string? name = null)
    {
        var shop = new Shop(cluster, name ?? "t-" + Guid.NewGuid().ToString("N")[..6]);
        await shop.Cluster.KubectlAsync("create", "namespace", shop.Name);
        if (labelled)
        {
            await shop.LabelAsync(true);
        }

        await shop.Cluster.UntilAsync(async () => (await shop.Cluster.TryKubectlAsync(null, "-n", shop.Name, "get", "serviceaccount", "default")).ExitCode == 0, "service account");
        return shop;
    }

    /// <summary>Puts the namespace into the mesh, or takes it out.</summary>
    public Task LabelAsync(bool labelled) => Cluster.KubectlAsync("label", "--overwrite", "namespace", Name, labelled ? Label : "istio.io/dataplane-mode-");

    /// <summary>A pod of its own account on a node, with a Service of its name; ready when this returns.</summary>
    public async Task<string> PodAsync(string name, string node, string more = "", string container = "", params string[] words)
    {
        string command = string.Join(", ", (words.Length > 0 ? words : ["/rig", "serve", Port]).Select(w => $"\"{w}\""));
        await Cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: {{name}}, namespace: {{Name}} }
            """);
        await Cluster.UntilAsync(async () => (await Cluster.KubectlAsync("-n", Name, "get", "serviceaccount", name, "-o", "jsonpath={.secrets[*].name}")).Length > 0, "token of " + name);
        await Cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}, namespace: {{Name}} }
            spec: {selector: {app: {{name}} }, ports: [{name: tcp, port: {{Port}} }]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: {{Name}}, labels: {app: {{name}} } }
            spec:
              nodeName: {{node}}
              serviceAccountName: {{name}}
              terminationGracePeriodSeconds: 1
              {{more}}
              containers: [{name: main, image: "{{RigCluster.Image}}", imagePullPolicy: Never, command: [{{command}}] {{container}} }]
            """);
        await Cluster.UntilReadyAsync(Name, "app=" + name, 1);
        return (await Cluster.PodsAsync(Name, "app=" + name))[0].Address;
    }

    /// <summary>Many pods made in one moment, each of an account of its own, on two nodes in turn; ready when this returns.</summary>
    public async Task CrowdAsync(string[] names)
    {
        await Cluster.ApplyAsync(string.Join("\n---\n", names.Select(name => $$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: {{name}}, namespace: {{Name}} }
            """)));
        await Cluster.UntilAsync(async () => (await Cluster.KubectlAsync("-n", Name, "get", "serviceaccounts", "-o", "jsonpath={.items[*].secrets[*].name}")).Split(' ').Length > names.Length, "tokens of all");
        await Cluster.ApplyAsync(string.Join("\n---\n", names.Select((name, i) => $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: {{Name}}, labels: {app: crowd} }
            spec:
              nodeName: {{(i % 2 == 0 ? "node1" : "node2")}}
              serviceAccountName: {{name}}
              terminationGracePeriodSeconds: 1
              containers: [{name: main, image: "{{RigCluster.Image}}", imagePullPolicy: Never, command: [/rig, pause] }]
            """)));
        await Cluster.UntilReadyAsync(Name, "app=crowd", names.Length);
    }

    /// <summary>A Deployment or StatefulSet of servers with a Service; ready when this returns.</summary>
    public async Task ServersAsync(string kind, string name, int replicas, string service = "", string template = "")
    {
        await Cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}, namespace: {{Name}} }
            spec: {selector: {app: {{name}} }, ports: [{name: tcp, port: {{Port}} }] {{service}} }
            ---
            apiVersion: apps/v1
            kind: {{kind}}
            metadata: {name: {{name}}, namespace: {{Name}} }
            spec:
              replicas: {{replicas.ToString(CultureInfo.InvariantCulture)}}
              {{(kind == "StatefulSet" ? "serviceName: " + name : "")}}
              selector: {matchLabels: {app: {{name}} } }
              template:
                metadata: {labels: {app: {{name}} } }
                spec:
                  terminationGracePeriodSeconds: 5
                  {{template}}
                  topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: {{name}} } } }]
                  containers:
                  - {name: main, image: "{{RigCluster.Image}}", imagePullPolicy: Never, command: [/rig, serve, "{{Port}}"], readinessProbe: {tcpSocket: {port: {{Port}} }, periodSeconds: 1}, lifecycle: {preStop: {exec: {command: [/bin/sleep, "2"] } } } }
            """);
        await Cluster.UntilReadyAsync(Name, "app=" + name, replicas);
    }

    /// <summary>What a pod hears when it asks; the reason when it hears nothing.</summary>
    public async Task<string> AskAsync(string pod, string host, string port = Port)
    {
        CommandResult result = await Cluster.ExecAsync(Name, pod, "/rig", "ask", host, port);
        return result.ExitCode == 0 ? result.Output.Trim() : "failed: " + result.Errors.Trim().Split('\n')[0];
    }

    /// <summary>Waits until a pod hears an answer that satisfies.</summary>
    public async Task UntilAnswerAsync(string pod, string host, Func<string, bool> satisfies)
    {
        string answer = "";
        try
        {
            await Cluster.UntilAsync(async () => satisfies(answer = await AskAsync(pod, host)), "answer", TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"the last answer to {pod} from {host}: {answer}; {e.Message}", e);
        }
    }

    /// <summary>Waits until the agent says that a pod is in the mesh, or says nothing any more.</summary>
    public Task UntilRedirectedAsync(string pod, bool redirected = true) => Cluster.UntilAsync(
        async () => await Cluster.KubectlAsync("-n", Name, "get", "pod", pod, "-o", @"jsonpath={.metadata.annotations.ambient\.istio\.io/redirection}") == (redirected ? "enabled" : ""),
        $"annotation of {pod} ({redirected})");

    /// <summary>A policy by its spec, as YAML in one line.</summary>
    public Task PolicyAsync(string name, string spec) => Cluster.ApplyAsync($$"""
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: {{name}}, namespace: {{Name}} }
        spec: {{spec}}
        """);

    public async ValueTask DisposeAsync() => await Cluster.TryKubectlAsync(null, "delete", "namespace", Name, "--wait=false");
}
