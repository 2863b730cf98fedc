using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;

namespace Ambient.Kubernetes.Tests.Manifests;

public sealed class ManifestFolderSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-manifests-").FullName;
    private readonly Logs _logs = new();
    private readonly ManifestFolderSource _source;

    public ManifestFolderSourceTests() => _source = new ManifestFolderSource(_folder, null, TimeProvider.System, _logs.Logger);

    public void Dispose()
    {
        _source.Dispose();
        _logs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Documents_AreTold_AndChangesAndDeletionsToo()
    {
        Write("a.yaml", Pod("a") + "---\n" + Pod("b") + "---\nkind: Unknown\napiVersion: example.com/v1\n");
        Write("notes.txt", "not: [yaml");
        Write("list.json", """{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"}},{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}]}""");
        await using var pods = new Heard<Pod>(_source, KnownResources.Pods);
        await using var namespaces = new Heard<Namespace>(_source, KnownResources.Namespaces);
        await pods.EndsWithAsync("[", "+a@1", "+b@2", "+j@3", "]");
        await namespaces.EndsWithAsync("[", "+n@4", "]");

        // Only what has changed is told.
        Write("a.yaml", Pod("a") + "---\n" + Pod("b", "app: y") + "---\n" + Pod("c"));
        await pods.EndsWithAsync("]", "+b@5", "+c@6");
        Write("a.yaml", Pod("c"));
        await Eventually.TrueAsync(() => pods.Events.Contains("-a") && pods.Events.Contains("-b"));
        File.Delete(Path.Combine(_folder, "list.json"));
        await pods.EndsWithAsync("-j");
        await namespaces.EndsWithAsync("-n");
    }

    [Fact]
    public async Task BrokenFile_IsNamedWithLineAndReason_AndKeepsWhatItSaid()
    {
        Write("p.yaml", Policy("ALLOW") + "---\n" + Policy("DENY", "other"));
        Write("q.yaml", Policy("ALLOW", "third"));
        await using var heard = new Heard<AuthorizationPolicy>(_source, KnownResources.AuthorizationPolicies);
        await heard.EndsWithAsync("[", "+p@1", "+other@2", "+third@3", "]");
        int told = heard.Events.Count;

        // One document is wrong: the whole file stays as it was, the other one too.
        Write("p.yaml", Policy("DENY") + "---\n" + Policy("[x]", "other"));
        await Eventually.TrueAsync(() => _source.Problems.Count == 1);
        Assert.Equal("line 13: AuthorizationPolicy: spec.action: is not a text (put it in quotes)", _source.Problems[Path.Combine(_folder, "p.yaml")].ToString());
        await Eventually.TrueAsync(() => _logs.Count("p.yaml") == 1 && _logs.Text.Contains("line=13", StringComparison.Ordinal));
        Write("q.yaml", "a: [");
        await Eventually.TrueAsync(() => _source.Problems.Count == 2);
        Assert.Equal(told, heard.Events.Count);

        Write("p.yaml", Policy("DENY"));
        await Eventually.TrueAsync(() => heard.Events.Contains("-other"));
        await heard.EndsWithAsync("-other", "+p@4");
        Assert.Single(_source.Problems);
        File.Delete(Path.Combine(_folder, "q.yaml"));
        await heard.EndsWithAsync("-third");
        Assert.Empty(_source.Problems);
    }

    [Fact]
    public async Task PoliciesOfABrokenFile_CloseRatherThanOpen()
    {
        Write("p.yaml", Policy("DENY") + "---\n" + Policy("DENNY", "other") + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: 5\n");
        await using var heard = new Heard<AuthorizationPolicy>(_source, KnownResources.AuthorizationPolicies);
        await using var pods = new Heard<Pod>(_source, KnownResources.Pods);
        await heard.EndsWithAsync("[", "+p@1", "+other@2", "]");
        await pods.EndsWithAsync("[", "]");
        Assert.Contains("spec.action: is none of ALLOW, DENY, AUDIT, CUSTOM", _source.Problems.Single().Value.Reason, StringComparison.Ordinal);

        // Once the file is good it alone counts; broken again, what it said then does.
        Write("p.yaml", Policy("ALLOW"));
        await heard.EndsWithAsync("-other", "+p@3");
        Write("p.yaml", Policy("[x]") + "---\n" + Policy("DENY", "more"));
        await heard.EndsWithAsync("+p@3", "+more@4");
    }

    [Theory]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "line 1: Pod: metadata.name is missing")]
    [InlineData("apiVersion: security.istio.io/v9\nkind: AuthorizationPolicy\nmetadata: {name: a}\n", "line 1: apiVersion: security.istio.io/v9 is not known; security.istio.io/v1, security.istio.io/v1beta1")]
    [InlineData("apiVersion: v1\nmetadata: {name: a}\n", "line 1: kind is missing")]
    [InlineData("kind: AuthorizationPolicy\nmetadata: {name: a}\n", "line 1: AuthorizationPolicy: apiVersion is missing")]
    [InlineData("- a\n", "line 1: is no object")]
    [InlineData("kind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: a}\n", "line 4: pods default/a is there twice")]
    [InlineData("apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n- kind: Pod\n  metadata:\n    name: 7\n", "line 8: Pod: metadata.name: is not a text (put it in quotes)")]
    public void WhatIsNoManifest_IsNamedWithItsLine(string text, string expected)
    {
        Assert.False(new ManifestReader(KnownResources.All).TryRead(text, out _, out YamlProblem? problem));
        Assert.Equal(expected, problem.ToString());
    }

    [Fact]
    public async Task Folder_MayComeLater_AndGoingAwayTakesNothing()
    {
        string later = Path.Combine(_folder, "later");
        using var source = new ManifestFolderSource(later, null, TimeProvider.System, _logs.Logger);
        await using var heard = new Heard<Pod>(source, KnownResources.Pods);
        await Eventually.TrueAsync(() => _logs.Count("is not there") == 1);
        Assert.Empty(heard.Events);
        Directory.CreateDirectory(later);
        await File.WriteAllTextAsync(Path.Combine(later, "a.yaml"), Pod("a"));
        await Eventually.TrueAsync(() => heard.Events.Contains("+a@1"));
        Directory.Move(later, later + "-moved");
        await Eventually.TrueAsync(() => _logs.Count("is not there") == 2);
        Assert.DoesNotContain("-a", heard.Events);
    }

    [Fact]
    public async Task LinksOfConfigMaps_AreFollowed_WhenTheirTargetIsSwapped()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "..1"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "..1", "a.yaml"), Pod("a"));
        File.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..1");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), "..data/a.yaml");
        await using var heard = new Heard<Pod>(_source, KnownResources.Pods);
        await heard.EndsWithAsync("[", "+a@1", "]");
        Directory.CreateDirectory(Path.Combine(_folder, "..2"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "..2", "a.yaml"), Pod("b"));
        File.CreateSymbolicLink(Path.Combine(_folder, "..tmp"), "..2");
        Command.Run("mv", ["-T", Path.Combine(_folder, "..tmp"), Path.Combine(_folder, "..data")]);
        await heard.EndsWithAsync("-a", "+b@2");
    }

    [Fact]
    public async Task Scope_ChoosesAsServersDo()
    {
        Write("a.yaml", Pod("a", "app: x", "n1") + "---\n" + Pod("b", "app: y", "n1") + "---\n" + Pod("c", "app: x", "n2"));
        await using var node = new Heard<Pod>(_source, KnownResources.Pods, new ResourceScope(Fields: "spec.nodeName=n1"));
        await using var label = new Heard<Pod>(_source, KnownResources.Pods, new ResourceScope(Labels: "app in (x)"));
        await using var elsewhere = new Heard<Pod>(_source, KnownResources.Pods, new ResourceScope("kube-system"));
        await node.EndsWithAsync("[", "+a@1", "+b@2", "]");
        await label.EndsWithAsync("[", "+a@1", "+c@3", "]");
        await elsewhere.EndsWithAsync("[", "]");
        await Assert.ThrowsAsync<ArgumentException>(() => _source.RunAsync(KnownResources.Pods, new ResourceScope(Fields: "status.phase=Running"), _ => ValueTask.CompletedTask, CancellationToken.None));
    }

    [Fact]
    public void File_IsTakenOnlyWhenItStandsStill()
    {
        var folder = new ManifestFolder(_folder, new ManifestReader(KnownResources.All), _logs.Logger);
        Assert.False(folder.Look());
        string path = Path.Combine(_folder, "a.yaml");
        File.WriteAllText(path, Pod("a") + "---\n");
        Assert.True(folder.Look());
        File.AppendAllText(path, Pod("b"));
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.True(folder.Look());
        Assert.Empty(folder.Snapshot!.Of(KnownResources.Pods));
        Assert.False(folder.Look());
        Assert.Equal(2, folder.Snapshot!.Of(KnownResources.Pods).Count);
    }

    private static string Pod(string name, string labels = "app: x", string node = "n1") => $"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\nspec: {{nodeName: {node}}}\n";

    private static string Policy(string action, string name = "p") => $"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: {name}\nspec:\n  action: {action}\n";

    private void Write(string name, string text)
    {
        // As careful writers do: whole, and then in its place.
        string draft = Path.Combine(_folder, "." + name + ".tmp");
        File.WriteAllText(draft, text);
        File.Move(draft, Path.Combine(_folder, name), overwrite: true);
    }
}
