using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Tests.Sources;

public sealed class ManifestFolderTests : IDisposable
{
    private const string Pod = """
        kind: Pod
        metadata: {name: p, namespace: n, uid: u1, labels: {app: x}}
        spec:
          serviceAccountName: sa
          nodeName: node1
          containers:
          - ports: [{name: web, containerPort: 8080}]
            readinessProbe: {httpGet: {port: web}}
            livenessProbe: {tcpSocket: {port: 9090}}
        status: {phase: Running, podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}, {ip: "fd00::2"}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-manifests-").FullName;
    private readonly LogHub _log = LogHub.Discarding();

    public void Dispose()
    {
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Manifest_GivesPodAndNamespace()
    {
        Assert.True(ManifestReader.TryRead(Pod + "\n---\nkind: Namespace\nmetadata: {name: n, labels: {a: b}}\n---\nkind: Service\n", "node1", out ManifestContent content, out _));
        PodRecord pod = Assert.Single(content.Pods);
        Assert.Equal(("u1", "sa", PodPhase.Running, "10.0.0.2 fd00::2", "8080 9090"), (pod.Uid, pod.ServiceAccount, pod.Facts.Phase, string.Join(' ', pod.Addresses), string.Join(' ', pod.ProbePorts)));
        Assert.Equal("b", Assert.Single(content.Namespaces).Labels["a"]);
        Assert.True(ManifestReader.TryRead(Pod, "node2", out content, out _));
        Assert.Empty(content.Pods);
    }

    [Theory]
    [InlineData("kind: Pod")]
    [InlineData("kind: Namespace")]
    [InlineData("a: [")]
    [InlineData("\t- x: {")]
    public void WrongManifest_NamesTheLine(string text)
    {
        Assert.False(ManifestReader.TryRead(text, null, out _, out string? error));
        Assert.StartsWith("line ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void MutatedManifests_NeverThrow()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            char[] text = Pod.ToCharArray();
            for (int i = 0; i < 3; i++)
            {
                text[random.Next(text.Length)] = "{}[]:,-\"'\n &*!|>%@`\t#"[random.Next(20)];
            }

            ManifestReader.TryRead(new string(text), null, out _, out _);
        }
    }

    [Fact]
    public void Changes_AreTold_AndABadFileKeepsWhatItSaid()
    {
        var folder = new ManifestFolder(_folder, null, TimeProvider.System, _log.For("test"));
        Write("a.yaml", Pod);
        Assert.Equal(["NamespaceChanged", "PodChanged"], Told(folder));
        Assert.Empty(Told(folder));
        Write("a.yaml", "kind: [");
        Assert.Empty(Told(folder));
        Write("a.yaml", Pod.Replace("app: x", "app: y", StringComparison.Ordinal));
        Assert.Equal(["PodChanged"], Told(folder));
        Write("b.yaml", "kind: Namespace\nmetadata: {name: n, labels: {istio.io/dataplane-mode: ambient}}");
        Assert.Equal(["NamespaceChanged"], Told(folder));
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.Equal(["PodDeleted"], Told(folder));
    }

    private static IEnumerable<string> Told(ManifestFolder folder) => folder.Refresh().Select(e => e.GetType().Name);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
