using System.Globalization;
using System.Text.Json;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Xunit.Abstractions;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>
/// Certificates of pods that discovery does not tell yet, because they have no address: API server, ambientd and ztunnel as processes, and a node agent that names
/// the pods as soon as they have a sandbox.
/// </summary>
[Collection(ControlPlaneCollection.Name)]
#pragma warning disable CA1001 // Disposed by IAsyncLifetime.
public sealed class NewPodCertificateTests(ApiServerFixture rig, ITestOutputHelper output) : IAsyncLifetime
{
    private const string Space = "bench";
    private readonly TestNetwork _network = new();
    private VirtualNode _node = null!;
    private NodeLink _link = null!;
    private PlaneProcess _plane = null!;
    private NodeAgent _agent = null!;
    private Peer _ztunnel = null!;

    public async Task InitializeAsync()
    {
        _node = _network.AddNode("node1");
        _link = new NodeLink(_node);
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync();
        await rig.ApplyAsync(KnownResources.Namespaces, new ResourceKey("", Space), """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"bench"}}""");
        Pod own = await rig.RunningPodAsync(system, "zt-1", "10.200.0.1", account: "ztunnel");
        _plane = await PlaneProcess.ReadyAsync(rig, system);
        string zds = Path.Combine(_network.Directory, "zds");
        _agent = new NodeAgent(zds);
        _ztunnel = await NodeZtunnel.StartAsync(rig, _network, _node, zds, _plane, own);
        await Task.Run(() =>
        {
            _agent.Accept();
            _agent.EndSnapshot();
        });
    }

    public async Task DisposeAsync()
    {
        _agent?.Dispose();
        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        await _network.DisposeAsync();
        _link?.Dispose();
    }

    [RequiresApiServerFact]
    public async Task PodsThatTheAgentNames_HaveCertificates_BeforeTheyHaveAddresses()
    {
        VirtualPod[] pods = [.. Enumerable.Range(0, 8).Select(i => _node.AddPod("new" + i.ToString(CultureInfo.InvariantCulture)))];
        List<double> times = [];
        foreach (VirtualPod pod in pods)
        {
            await rig.PodAsync(Space, pod.Name, "node1", pod.Name);
            DateTimeOffset began = TimeProvider.System.GetUtcNow();
            await Task.Run(() => _agent.Add(pod));
            string line = await _ztunnel.LineAsync($"/sa/{pod.Name}\" until=");
            times.Add((DateTimeOffset.Parse(line.Split('\t')[0], CultureInfo.InvariantCulture) - began).TotalMilliseconds);
        }

        // Printed and not judged: the machine is everybody's.
        output.WriteLine("certificate after the agent's word, ms: " + string.Join(' ', times.Select(static t => t.ToString("0", CultureInfo.InvariantCulture))));
        using JsonDocument dump = await DumpAsync();
        Assert.All(pods, pod => Assert.Equal("Available", StateOf(dump, pod.Name)));
        Assert.DoesNotContain(dump.RootElement.GetProperty("workloads").EnumerateArray(), w => w.GetProperty("name").GetString()!.StartsWith("new", StringComparison.Ordinal));

        // The agent takes one back; nobody else knows of it.
        await Task.Run(() => _agent.Remove(pods[0]));
        await Eventually.PassesAsync(
            async () =>
            {
                using JsonDocument later = await DumpAsync();
                Assert.Null(StateOf(later, pods[0].Name));
                Assert.Equal("Available", StateOf(later, pods[1].Name));
            },
            PlaneProcess.Deadline);
    }

    [RequiresApiServerFact]
    public async Task PodThatTheAuthorityDoesNotKnowYet_GetsItsCertificateWhenItDoes_AndOneOfAnotherNodeNever()
    {
        VirtualPod late = _node.AddPod("late"), elsewhere = _node.AddPod("elsewhere");
        await rig.PodAsync(Space, elsewhere.Name, "node2", elsewhere.Name);
        await Task.Run(() =>
        {
            _agent.Add(elsewhere);
            _agent.Add(late);
        });

        // Both were asked for and refused, after the authority had waited for them.
        await _plane.SaysAsync("no pod of bench/late");
        await _plane.SaysAsync("no pod of bench/elsewhere");
        Assert.DoesNotContain("certificate is in force", string.Join('\n', _ztunnel.Log.Split('\n').Where(static l => l.Contains("/sa/late", StringComparison.Ordinal))), StringComparison.Ordinal);

        await rig.PodAsync(Space, late.Name, "node1", late.Name);
        await Eventually.PassesAsync(
            async () =>
            {
                using JsonDocument dump = await DumpAsync();
                Assert.Equal("Available", StateOf(dump, late.Name));
                Assert.NotEqual("Available", StateOf(dump, elsewhere.Name));
            },
            PlaneProcess.Deadline);
    }

    private async Task<JsonDocument> DumpAsync() => JsonDocument.Parse(await MeshPair.GetOnNodeAsync(_node, 15000, "/config_dump"));

    private static string? StateOf(JsonDocument dump, string account) => dump.RootElement.GetProperty("certificates").EnumerateArray()
        .Where(c => c.GetProperty("identity").GetString()!.EndsWith("/sa/" + account, StringComparison.Ordinal))
        .Select(static c => c.GetProperty("state").GetString())
        .SingleOrDefault();
}
