using Ambient.Rig;
using Ambient.Rig.Clusters;
using Ambient.Topology.Processes;

namespace Ambient.Cluster.Tests;

/// <summary>A cluster of two nodes with our charts installed, from images of this build.</summary>
public sealed class MeshFixture : IAsyncLifetime
{
    /// <summary>Where the mesh lives.</summary>
    public const string System = "istio-system";

    /// <summary>A small machine's values, and logs that tests look into.</summary>
    private const string Values = """
        global: {hub: docker.io/ambient, tag: 0.1.0, imagePullPolicy: Never}
        istiod: {resources: {requests: {cpu: 10m, memory: 32Mi}}, logLevel: "info,ambientd::authority=debug"}
        cni: {resources: {requests: {cpu: 10m, memory: 32Mi}}, ambient: {ipv6: false}, logging: {level: debug}}
        ztunnel: {resources: {requests: {cpu: 10m, memory: 32Mi}}, env: {IPV6_ENABLED: "false", ZTUNNEL_WORKER_THREADS: "2"}}
        """;

    private bool _isDisposed;

    public RigCluster Cluster { get; } = new();

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing() is not null)
        {
            return;
        }

        try
        {
            await Cluster.StartAsync("ambientd", "cni", "ztunnel", "waypoint", "bookshop", "bookshop-database");
            await InstallAsync();
        }
        catch (Exception e)
        {
            string picture = await Cluster.PictureAsync();
            await DisposeAsync();
            throw new InvalidOperationException(e.Message + "\n" + picture, e);
        }
    }

    public async Task DisposeAsync()
    {
        // A failed start disposes at once, and xunit once more.
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await Cluster.HoldAsync(AppContext.BaseDirectory);
        Cluster.Time("end");
        await File.AppendAllLinesAsync(Path.Combine(Repository.Root, "artifacts", "kubernetes-times.txt"), Cluster.Times);
        try
        {
            await KeepLogsAsync("end");
        }
        finally
        {
            await Cluster.DisposeAsync();
        }
    }

    /// <summary>Logs of all pods of the mesh on a node, newest last.</summary>
    public async Task<string> LogAsync(string app, string node)
    {
        string text = "";
        foreach ((string name, string on, _) in await Cluster.PodsAsync(System, "app=" + app))
        {
            text += on == node ? await Cluster.KubectlAsync("-n", System, "logs", name) : "";
        }

        return text;
    }

    /// <summary>Copies what all parts have logged into a folder of the one that AMBIENT_RIG_LOGS names; without it, nothing.</summary>
    public async Task KeepLogsAsync(string moment)
    {
        if (Environment.GetEnvironmentVariable("AMBIENT_RIG_LOGS") is { Length: > 0 } keep)
        {
            await CopyLogsAsync(Path.Combine(keep, moment));
        }
    }

    private async Task InstallAsync()
    {
        string renderer = (await Command.RunAsync("bash", [Path.Combine(Repository.Root, "eng", "chart-renderer.sh")], deadline: TimeSpan.FromMinutes(5))).OrThrow().Output.Trim();
        string values = Path.Combine(Cluster.Folder, "values.yaml");
        await File.WriteAllTextAsync(values, Values);
        string manifests = (await Command.RunAsync(renderer, ["--chart", Path.Combine(Repository.Root, "charts", "ambient"), "--namespace", System, "--kube-version", "v1.20.2", "--values", values])).OrThrow().Output;
        await Cluster.KubectlAsync("create", "namespace", System);
        await Cluster.ApplyAsync(manifests);
        await Cluster.TellNamesAsync();
        await Cluster.UntilReadyAsync(System, "app=istiod", 1);
        Cluster.Time("control plane ready");
        await Cluster.UntilReadyAsync(System, "k8s-app=istio-cni-node", 2);
        Cluster.Time("agents ready");
        await Cluster.UntilReadyAsync(System, "app=ztunnel", 2);
        Cluster.Time("ztunnels ready");
    }

    private async Task CopyLogsAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "picture.txt"), await Cluster.PictureAsync());
        foreach (string log in Directory.GetFiles(Cluster.Folder, "*.log").Concat(Cluster.Nodes.SelectMany(n => Directory.GetFiles(n.Folder, "*.log"))))
        {
            File.Copy(log, Path.Combine(folder, Path.GetFileName(Path.GetDirectoryName(log)) + "-" + Path.GetFileName(log)), overwrite: true);
        }

        foreach (string app in (string[])["istiod", "ztunnel", "istio-cni-node"])
        {
            foreach ((string name, _, _) in await Cluster.PodsAsync(System, app == "istio-cni-node" ? "k8s-app=" + app : "app=" + app))
            {
                await File.WriteAllTextAsync(Path.Combine(folder, name + ".log"), (await Cluster.TryKubectlAsync(null, "-n", System, "logs", name)).Output);
                await File.WriteAllTextAsync(Path.Combine(folder, name + ".previous.log"), (await Cluster.TryKubectlAsync(null, "-n", System, "logs", "--previous", name)).Output);
            }
        }
    }
}
