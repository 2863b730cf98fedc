using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Ambient.Cluster.Tests;

/// <summary>
/// How soon a new pod is in the mesh, measured and printed. Judged is the median of pods that come one after the other; crowds are not, because the machine is everybody's. The time begins when the runtime calls our plugin for the
/// new sandbox, and ends with the plugin's answer (listeners and rules) and with the certificate in the hands of the node's ztunnel.
/// </summary>
[Collection("mesh")]
public sealed partial class NewPodTests(MeshFixture mesh, ITestOutputHelper output)
{
    private const int Count = 24;

    [ClusterFact]
    public async Task NewPods_HaveListenersAndCertificates_AfterSoMuchTime()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string[] names = [.. Enumerable.Range(0, Count).Select(i => $"new-{i}")];
        foreach ((string name, int i) in names.Select((name, i) => (name, i)))
        {
            // Each has an account of its own, so that each waits for a certificate of its own.
            await shop.PodAsync(name, i % 2 == 0 ? "node1" : "node2");
        }

        Assert.InRange(await TellAsync(shop, "one after the other", names), 0, 150);
    }

    [ClusterFact]
    public async Task ManyPodsAtOnce_HaveListenersAndCertificates_AfterSoMuchTime()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string[] names = [.. Enumerable.Range(0, Count).Select(i => $"crowd-{i}")];
        await shop.CrowdAsync(names);
        await TellAsync(shop, "at once", names);
    }

    /// <summary>Tells the times; the median of both, in milliseconds.</summary>
    private async Task<double> TellAsync(Shop shop, string how, string[] names)
    {
        Dictionary<string, (DateTime Sandbox, double Took)> added = new(StringComparer.Ordinal);
        foreach (Match line in await LinesAsync("k8s-app=istio-cni-node", AddedLine()))
        {
            // The last counts: what the kubelet tries again begins anew.
            added[line.Groups["pod"].Value] = (Time(line, "began"), Number(line, "guard") + Number(line, "agent"));
        }

        Dictionary<string, DateTime> certified = new(StringComparer.Ordinal);
        foreach (Match line in await LinesAsync("app=ztunnel", CertifiedLine()))
        {
            certified.TryAdd(line.Groups["space"].Value + "/" + line.Groups["account"].Value, Time(line, "time"));
        }

        string[] pods = [.. names.Select(name => $"{shop.Name}/{name}")];
        Assert.All(pods, p => Assert.True(added.ContainsKey(p) && certified.ContainsKey(p), $"{p}: {(added.ContainsKey(p) ? "no certificate" : "no ADD")} in the logs"));
        (double Listeners, double Certificate)[] times = [.. pods.Select(p => (added[p].Took, (certified[p] - added[p].Sandbox).TotalMilliseconds))];
        string load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Count} new pods {how}, ms after the sandbox, median and longest: listeners and rules {Of(times.Select(t => t.Listeners))}, certificate {Of(times.Select(t => t.Certificate))}, both {Of(times.Select(t => Math.Max(t.Listeners, t.Certificate)))} (load {load} on {Environment.ProcessorCount} cores)");
        output.WriteLine(text);
        output.WriteLine(string.Join(' ', times.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Listeners:0}/{t.Certificate:0}"))));
        mesh.Cluster.Time(text);
        return times.Select(t => Math.Max(t.Listeners, t.Certificate)).Order().ElementAt(times.Length / 2);
    }

    private async Task<IEnumerable<Match>> LinesAsync(string selector, Regex pattern)
    {
        List<Match> all = [];
        foreach ((string pod, _, _) in await mesh.Cluster.PodsAsync(MeshFixture.System, selector))
        {
            all.AddRange(pattern.Matches(await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "logs", pod)));
        }

        return all;
    }

    private static string Of(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0} / {sorted[^1]:0}");
    }

    private static double Number(Match line, string group) => double.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);

    private static DateTime Time(Match line, string group) => DateTime.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    [GeneratedRegex("""(?m)^.*sandbox added\s.*pod="?(?<pod>[^\s"]+)"?.*verdict="enrolled".*began="?(?<began>[^\s"]+Z).*guard_ms="?(?<guard>[\d.]+).*agent_ms="?(?<agent>[\d.]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AddedLine();

    [GeneratedRegex("""(?m)^(?<time>\S+Z)\s.*certificate is in force\s.*identity="?spiffe://[^/]+/ns/(?<space>[^/]+)/sa/(?<account>[^\s"]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CertifiedLine();
}
