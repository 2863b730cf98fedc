using System.Text.Json.Nodes;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Rig;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Charts;

/// <summary>ambientctl's commands on a cluster, against a real API server with the charts' kinds.</summary>
[Collection(ChartServerCollection.Name)]
public sealed class OperatorOnApiServerTests(ApiServerFixture rig) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        if (KubernetesBinaries.Missing("kube-apiserver", "etcd") is not null || ChartRenderer.Missing() is not null)
        {
            return;
        }

        using var server = new ObjectApplier(rig.Files);
        foreach (string space in new[] { "istio-system", "till" })
        {
            Assert.Null(await server.ApplyAsync(JsonNode.Parse($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{space}}}"}}""")!.AsObject()));
        }

        foreach (JsonObject definition in ChartRenderer.Render("base", "", "v1.20.2"))
        {
            Assert.Null(await server.ApplyAsync(definition));
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [RequiresChartRendererFact(server: true)]
    public async Task Waypoints_AreMadeShownAndDeleted()
    {
        CommandResult applied = await RunAsync("waypoint", "apply", "-n", "till", "--enroll-namespace", "--for", "all");
        Assert.True(applied.ExitCode == 0, applied.Text);
        Assert.Contains("waypoint till/waypoint applied", applied.Output, StringComparison.Ordinal);
        Assert.Contains("is not in the mesh", applied.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("waypoint", "apply", "-n", "till", "--enroll-namespace")).ExitCode);
        CommandResult other = await RunAsync("waypoint", "apply", "-n", "till", "--name", "other", "--enroll-namespace");
        Assert.True(other.ExitCode == 2 && other.Errors.Contains("--overwrite", StringComparison.Ordinal), other.Text);

        Assert.Matches(@"(?m)^till\s+waypoint\s+default\s+Unknown$", (await RunAsync("waypoint", "list", "-A")).Output);
        CommandResult status = await RunAsync("waypoint", "status", "-n", "till");
        Assert.True(status.ExitCode == 1 && status.Output.Contains("Pending", StringComparison.Ordinal), status.Text);
        CommandResult waited = await RunAsync("waypoint", "apply", "-n", "till", "--wait", "--timeout", "1");
        Assert.True(waited.ExitCode == 1 && waited.Errors.Contains("not programmed after 1 s", StringComparison.Ordinal), waited.Text);

        Assert.Equal(2, (await RunAsync("waypoint", "delete", "-n", "till", "absent")).ExitCode);
        Assert.Equal(0, (await RunAsync("waypoint", "delete", "-n", "till", "waypoint")).ExitCode);
        Assert.Equal("nothing found", (await RunAsync("waypoint", "list", "-n", "till")).Output.Trim());
        CommandResult check = await RunAsync("check");
        Assert.Contains("waypoint of namespace till: its label names till/waypoint, and there is no such Gateway", check.Output, StringComparison.Ordinal);
    }

    [RequiresChartRendererFact(server: true)]
    public async Task EmptyCluster_IsCheckedLineByLine()
    {
        CommandResult check = await RunAsync("check");
        Assert.True(check.ExitCode == 1, check.Text);
        Assert.Contains("ok    kinds of the mesh: all are installed", check.Output, StringComparison.Ordinal);
        Assert.Contains("FAIL  control plane: no pod with label app=istiod in istio-system", check.Output, StringComparison.Ordinal);
        Assert.Contains("-> helm upgrade --install istiod charts/control-plane", check.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^control plane\s+istiod\s+0/1\s+-$", (await RunAsync("status")).Output);
        Assert.Matches(@"(?m)^Kubernetes\s+v1\.\d+", (await RunAsync("version", "--remote")).Output);
    }

    private Task<CommandResult> RunAsync(params string[] words) =>
        Command.RunAsync(Path.Combine(AppContext.BaseDirectory, "ambientctl"), [.. words, "--kubeconfig", rig.Files.Path("admin.conf")], deadline: TimeSpan.FromSeconds(60));
}
