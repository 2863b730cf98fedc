using System.Collections.Concurrent;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Kubernetes.Manifests;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Waiting;

namespace Ambient.Cni.Agent.Tests.Sources;

public sealed class ManifestPodSourceTests : IAsyncLifetime, IDisposable
{
    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p, namespace: n, uid: u1, labels: {app: x}}
        spec:
          serviceAccountName: sa
          nodeName: node1
          containers:
          - ports: [{name: web, containerPort: 8080}]
            readinessProbe: {httpGet: {port: web}}
            livenessProbe: {tcpSocket: {port: 9090}}
            startupProbe: {grpc: {port: 70000}}
        status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}, {ip: "fd00::2"}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-manifests-").FullName;
    private readonly LogHub _log = LogHub.Discarding();
    private readonly ConcurrentQueue<PodEvent> _told = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly ManifestFolderSource _files;
    private readonly ManifestPodSource _source;
    private Task _running = Task.CompletedTask;

    public ManifestPodSourceTests()
    {
        _files = new ManifestFolderSource(_folder, ManifestPodSource.Kinds, TimeProvider.System, _log.For("test"));
        _source = new ManifestPodSource(_files, "node1", TimeProvider.System);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
        _ending.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task PeerAuthentication_DecidesWhoIsStrict_AndWithoutItEverybodyIs()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "pod.yaml"), Pod);
        var follows = new ManifestPodSource(_files, "node1", TimeProvider.System, "root");
        _running = Task.WhenAll(_source.RunAsync(_ => ValueTask.CompletedTask, _ending.Token), follows.RunAsync(Hear, _ending.Token));
        await Eventually.TrueAsync(() => _told.OfType<PodEvent.PodChanged>().LastOrDefault() is { Pod.IsStrict: false });
        Assert.True((await _source.LookUpAsync(new PodCommand.LookUp(1, "n", "p", "u1"), CancellationToken.None)).Pod!.IsStrict);
        await File.WriteAllTextAsync(Path.Combine(_folder, "peers.yaml"), "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: all, namespace: root}\nspec: {mtls: {mode: STRICT}}\n");
        await Eventually.TrueAsync(() => _told.OfType<PodEvent.PodChanged>().Last().Pod.IsStrict);

        ValueTask Hear(PodEvent told)
        {
            _told.Enqueue(told);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task Manifest_GivesNamespacesFirst_ThenPodsOfThisNode_ThenSaysThatItIsAll()
    {
        Write("a.yaml", Pod + "\n---\nkind: Namespace\nmetadata: {name: n, labels: {a: b}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: q, namespace: n}\nspec: {nodeName: node2}\n");
        Start();
        await EndsWithAsync("NamespaceChanged", "PodChanged", "Synced");
        Assert.Equal("b", _told.OfType<PodEvent.NamespaceChanged>().Single().Facts.Labels["a"]);
        PodRecord pod = _told.OfType<PodEvent.PodChanged>().Single().Pod;
        Assert.Equal(("u1", "sa", PodPhase.Running, "10.0.0.2 fd00::2", "8080 9090"), (pod.Uid, pod.ServiceAccount, pod.Facts.Phase, string.Join(' ', pod.Addresses), string.Join(' ', pod.ProbePorts)));
        Assert.Equal(["u1"], _told.OfType<PodEvent.Synced>().Single().Uids);
    }

    [Fact]
    [Trait("behaviour", "CNI-111")]
    public async Task PodWithThePluralOfItsAddressesAlone_HasThem()
    {
        Write("a.yaml", Pod.Replace("podIP: 10.0.0.2, ", "", StringComparison.Ordinal));
        Start();
        await EndsWithAsync("NamespaceChanged", "PodChanged", "Synced");
        Assert.Equal("10.0.0.2 fd00::2", string.Join(' ', _told.OfType<PodEvent.PodChanged>().Single().Pod.Addresses));
    }

    [Fact]
    public async Task Changes_AreTold_AndABadFileKeepsWhatItSaid()
    {
        Write("a.yaml", Pod);
        Start();
        await EndsWithAsync("NamespaceChanged", "PodChanged", "Synced");
        Write("a.yaml", "kind: [");
        await Eventually.TrueAsync(() => _files.Problems.Count == 1);
        Assert.Equal(3, _told.Count);
        Write("a.yaml", Pod.Replace("app: x", "app: y", StringComparison.Ordinal));
        await EndsWithAsync("NamespaceChanged", "PodChanged");
        Write("b.yaml", "kind: Namespace\nmetadata: {name: n, labels: {istio.io/dataplane-mode: ambient}}");
        await EndsWithAsync("PodChanged", "NamespaceChanged");

        // The same name, another pod.
        Write("a.yaml", Pod.Replace("u1", "u2", StringComparison.Ordinal));
        await EndsWithAsync("PodDeleted", "PodChanged");
        Write("a.yaml", Pod.Replace("u1", "u2", StringComparison.Ordinal).Replace("node1", "node2", StringComparison.Ordinal));
        await EndsWithAsync("PodChanged", "PodDeleted");
        File.Delete(Path.Combine(_folder, "b.yaml"));
        await EndsWithAsync("PodDeleted", "NamespaceChanged");
    }

    [Fact]
    public async Task LookUp_FindsByUidOrName_AlsoWhatWasWrittenAMomentAgo()
    {
        Start();
        await EndsWithAsync("Synced");
        Task<PodEvent.LookedUp> early = _source.LookUpAsync(new PodCommand.LookUp(1, "n", "p", ""), CancellationToken.None);
        Write("a.yaml", Pod);
        PodEvent.LookedUp found = await early;
        Assert.Equal(("u1", "n", null), (found.Pod?.Uid, found.Namespace?.Name, found.Error));
        Assert.Equal("p", (await _source.LookUpAsync(new PodCommand.LookUp(2, "n", "other", "u1"), CancellationToken.None)).Pod?.Facts.Name);
        found = await _source.LookUpAsync(new PodCommand.LookUp(3, "n", "missing", ""), CancellationToken.None);
        Assert.Equal((null, "pod n/missing is in no manifest"), (found.Pod, found.Error));
    }

    private void Start() => _running = _source.RunAsync(
        e =>
        {
            _told.Enqueue(e);
            return ValueTask.CompletedTask;
        },
        _ending.Token);

    private Task EndsWithAsync(params string[] expected) => Eventually.PassesAsync(() =>
    {
        Assert.Equal(expected, _told.Select(e => e.GetType().Name).TakeLast(expected.Length));
        return Task.CompletedTask;
    });

    private void Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(_folder, "new"), text);
        File.Move(Path.Combine(_folder, "new"), Path.Combine(_folder, name), overwrite: true);
    }
}
