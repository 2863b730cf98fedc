using Ambient.Mesh.Views;
using Ambient.Ztunnel.Discovery.Local;

namespace Ambient.Ztunnel.Tests.Discovery;

public sealed class LocalSourceTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-local-");
    private readonly MeshState _state = new();
    private readonly Recorder _events = new();

    private string File => Path.Combine(_directory.FullName, "mesh.yaml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Reload_AppliesOnlyTheDifference()
    {
        using LocalSource source = Open(Workloads("a", "b") + Service("s", 80) + Policy("p", 80) + Policy("q", 81));
        Mesh.Workloads.Workload unchanged = _state.Current.FindWorkloadByUid("a")!;

        Replace(source, Workloads("a", "c") + Service("s", 81) + Policy("q", 82) + Policy("r", 80));

        MeshBatch changes = Assert.Single(_events.Applied);
        Assert.Equal(["c"], changes.Workloads.Select(workload => workload.Uid));
        Assert.Equal(["s"], changes.Services.Select(service => service.Name));
        Assert.Equal(["ns/q", "ns/r"], changes.Policies.Select(policy => policy.Key).Order());
        Assert.Equal(["b"], changes.RemovedAddresses);
        Assert.Equal(["ns/p"], changes.RemovedPolicies);
        Assert.Same(unchanged, _state.Current.FindWorkloadByUid("a"));
        Assert.Null(_state.Current.FindWorkloadByUid("b"));
        Assert.NotNull(_state.Current.FindWorkloadByUid("c"));
    }

    [Theory]
    [InlineData("workloads: [", "line 2")]
    [InlineData("workloads: []\nwhat: 1", "line 2, column 1: unknown key 'what'")]
    [InlineData("", "the file is empty")]
    public void BrokenReload_IsToldWithItsLine_AndChangesNothing(string content, string reason)
    {
        using LocalSource source = Open(Workloads("a"));

        Replace(source, content);

        Assert.Contains(reason, Assert.Single(_events.Broken), StringComparison.Ordinal);
        Assert.NotNull(_state.Current.FindWorkloadByUid("a"));
        Replace(source, "{}");
        Assert.Null(_state.Current.FindWorkloadByUid("a"));
    }

    [Fact]
    public void VanishedFile_ChangesNothing()
    {
        using LocalSource source = Open(Workloads("a"));
        System.IO.File.Delete(File);

        source.Reload();

        Assert.Contains("cannot be read", Assert.Single(_events.Broken), StringComparison.Ordinal);
        Assert.NotNull(_state.Current.FindWorkloadByUid("a"));
    }

    [Fact]
    public void BrokenAtStart_Throws()
    {
        Assert.Throws<LocalFileException>(() => Open("nonsense: 1"));
        System.IO.File.Delete(File);
        Assert.Throws<LocalFileException>(() => LocalSource.Open(File, _state, _events, TimeProvider.System));
    }

    [Fact]
    public void ChangedFile_IsSeen()
    {
        using var changed = new ManualResetEventSlim();
        _state.Changed += (view, _) =>
        {
            if (view.FindWorkloadByUid("b") is not null)
            {
                changed.Set();
            }
        };
        using LocalSource source = Open(Workloads("a"));

        System.IO.File.WriteAllText(File + "~", Workloads("a", "b"));
        System.IO.File.Move(File + "~", File, overwrite: true);

        Assert.True(changed.Wait(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void SwappedFolder_AsOfAMountedConfigMap_IsRead()
    {
        string At(string name) => Path.Combine(_directory.FullName, name);
        foreach ((string folder, string uid) in new[] { ("one", "a"), ("two", "b") })
        {
            Directory.CreateDirectory(At(folder));
            System.IO.File.WriteAllText(Path.Combine(At(folder), "mesh.yaml"), Workloads(uid));
            System.IO.File.SetLastWriteTimeUtc(Path.Combine(At(folder), "mesh.yaml"), DateTime.UnixEpoch.AddDays(folder.Length + uid[0]));
        }

        Directory.CreateSymbolicLink(At("..data"), "one");
        System.IO.File.CreateSymbolicLink(File, "..data/mesh.yaml");
        using LocalSource source = LocalSource.Open(File, _state, _events, TimeProvider.System);
        Assert.NotNull(_state.Current.FindWorkloadByUid("a"));

        System.IO.File.Delete(At("..data"));
        Directory.CreateSymbolicLink(At("..data"), "two");
        source.Reload();

        Assert.NotNull(_state.Current.FindWorkloadByUid("b"));
        Assert.Null(_state.Current.FindWorkloadByUid("a"));
    }

    private static string Workloads(params string[] uids) =>
        "workloads:\n" + string.Concat(uids.Select(uid => $"- {{uid: {uid}, name: {uid}, namespace: ns, workloadIps: [], services: {{}}}}\n"));

    private static string Service(string name, int port) => $"services: [{{name: {name}, namespace: ns, hostname: {name}, vips: [], ports: {{{port}: 1}}}}]\n";

    private static string Policy(string name, int port)
    {
        string policy = $"- {{name: {name}, namespace: ns, scope: Global, action: Deny, dryRun: false, rules: [[[{{destinationPorts: [{port}]}}]]]}}\n";
        return name is "p" or "q" && port != 81 ? "policies:\n" + policy : policy;
    }

    private LocalSource Open(string content)
    {
        System.IO.File.WriteAllText(File, content);
        return LocalSource.Open(File, _state, _events, TimeProvider.System);
    }

    private void Replace(LocalSource source, string content)
    {
        // The watch may read it as well; a second reading of the same content changes nothing.
        source.Dispose();
        System.IO.File.WriteAllText(File, content);
        source.Reload();
    }

    private sealed class Recorder : LocalSourceEvents
    {
        public List<MeshBatch> Applied { get; } = [];

        public List<string> Broken { get; } = [];

        public override void OnApplied(string path, MeshBatch changes) => Applied.Add(changes);

        public override void OnBroken(string path, string reason) => Broken.Add(reason);
    }
}
