using System.Diagnostics;
using System.Text.Json;
using Ambient.Cli.Demo;
using Ambient.Cli.Demo.Checks;
using Xunit.Abstractions;

namespace Ambient.Cluster.Tests;

/// <summary>The bookshop with its waypoint: the tour of the demo, on Kubernetes.</summary>
[Collection("mesh")]
public sealed class TourTests(MeshFixture mesh, ITestOutputHelper output)
{
    [ClusterFact]
    public async Task Bookshop_Tour_IsAsInTheDemo()
    {
        await using Shop shop = await Shop.OpenAsync(mesh, name: "shop"), jobs = await Shop.OpenAsync(mesh, name: "jobs");
        string client = await shop.PodAsync("client", "node1"), batch = await jobs.PodAsync("batch", "node1");
        var place = new ClusterTour(mesh.Cluster, await ClusterTour.AskerAsync(mesh.Cluster, "node1", client), await ClusterTour.AskerAsync(mesh.Cluster, "node1", batch));
        var tell = new TourOutput(output);
        var failures = new List<string>();
        int number = 0;
        try
        {
            foreach ((string title, Func<ITourPlace, CheckLog, CancellationToken, Task> run) in DemoScript.Tour)
            {
                tell.Begin(++number, DemoScript.Tour.Count, title);
                long started = Stopwatch.GetTimestamp();
                string? reason = await ReasonAsync(() => run(place, new CheckLog(tell), CancellationToken.None));
                tell.End(reason, Stopwatch.GetElapsedTime(started));
                failures.AddRange(reason is null ? [] : [$"{title}: {reason}"]);
            }

            Assert.Empty(failures);
            await AssertStatusAsync();
            mesh.Cluster.Time($"tour of the bookshop, {number} checks");
        }
        finally
        {
            await mesh.Cluster.TryKubectlAsync(null, "delete", "namespace", ClusterTour.Space, "--wait=false");
        }
    }

    private static async Task<string?> ReasonAsync(Func<Task> check)
    {
        try
        {
            await check();
            return null;
        }
        catch (Exception e)
        {
            return e is CheckFailedException ? e.Message : e.GetType().Name + ": " + e.Message;
        }
    }

    /// <summary>What the statuses say: the Gateway has an address, its class is accepted, services know their waypoint.</summary>
    private async Task AssertStatusAsync()
    {
        JsonElement gateway = await mesh.Cluster.GetAsync("gateways.gateway.networking.k8s.io", "-n", ClusterTour.Space, "waypoint");
        Assert.True(ClusterTour.Is(gateway, "Accepted") && ClusterTour.Is(gateway, "Programmed"), gateway.GetProperty("status").ToString());
        string address = await mesh.Cluster.KubectlAsync("-n", ClusterTour.Space, "get", "service", "waypoint", "-o", "jsonpath={.spec.clusterIP}");
        Assert.Contains(gateway.GetProperty("status").GetProperty("addresses").EnumerateArray(), a => a.GetProperty("value").GetString() is { } value && (value == address || value.StartsWith("waypoint.bookshop.svc", StringComparison.Ordinal)));
        Assert.True(ClusterTour.Is(await mesh.Cluster.GetAsync("gatewayclasses.gateway.networking.k8s.io", "istio-waypoint"), "Accepted"));
        Assert.True(ClusterTour.Is(await mesh.Cluster.GetAsync("service", "-n", ClusterTour.Space, "details"), "istio.io/WaypointBound"));
    }
}
