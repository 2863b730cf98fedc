using System.Net;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.Cli.Tests.Sandbox;

/// <summary>What the sandbox writes is what the control plane and the agents read.</summary>
public sealed class MeshManifestsTests : IDisposable
{
    private static readonly IPAddress[] Addresses = [IPAddress.Parse("10.9.2.13"), IPAddress.Parse("fd09::d")];
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cli-").FullName;
    private readonly MeshManifests _manifests;

    public MeshManifestsTests() => _manifests = new MeshManifests(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Cluster_IsReadAsItWasPlanned()
    {
        _manifests.WriteCluster(SandboxLayout.Nodes, SandboxLayout.Pods);
        _manifests.WriteServices(SandboxLayout.Services);
        IReadOnlyList<Namespace> spaces = await ReadAsync(KnownResources.Namespaces);
        Assert.Equal(["data", "jobs", "outside", "shop"], spaces.Select(s => s.Metadata.Name).Order());
        Assert.All(spaces, s => Assert.Equal(s.Metadata.Name == "outside" ? null : "ambient", s.Metadata.Labels.Find("istio.io/dataplane-mode")));
        Assert.Equal(2, (await ReadAsync(KnownResources.Nodes)).Count);
        Service web = (await ReadAsync(KnownResources.Services)).Single(s => s.Metadata.Name == "web");
        Assert.Equal(["10.96.0.10", "fd09:96::10"], web.Spec.ClusterIPs);
        Assert.Equal("web", web.Spec.Selector.Find("app"));
    }

    [Fact]
    public async Task Pod_GoesThroughItsLife()
    {
        _manifests.Write(SandboxLayout.WebV1, "u1", "/run/netns/x", [], isReady: false);
        Pod pod = await PodAsync();
        Assert.Equal(("u1", "Pending", "v1", "/run/netns/x"), (pod.Metadata.Uid, pod.Status.Phase, pod.Metadata.Labels.Find("version"), pod.Metadata.Annotations.Find("sandbox.ambient/network-namespace")));

        _manifests.SetMode(SandboxLayout.WebV1, "none");
        _manifests.SetStatus(SandboxLayout.WebV1, Addresses, isReady: false);
        Assert.True(_manifests.SetCaptured("shop", "web-v1", isCaptured: true));
        Assert.False(_manifests.SetCaptured("shop", "web-v1", isCaptured: true));
        pod = await PodAsync();
        Assert.Equal(["10.9.2.13", "fd09::d"], pod.Status.PodIPs.Select(a => a.Ip));
        Assert.Equal("False", Assert.Single(pod.Status.Conditions).Status);
        Assert.Equal("none", pod.Metadata.Labels.Find("istio.io/dataplane-mode"));
        Assert.Equal("enabled", pod.Metadata.Annotations.Find("ambient.istio.io/redirection"));

        // What somebody wrote by hand stays when a kubelet's word changes.
        string path = Path.Combine(_folder, MeshManifests.FileOf(SandboxLayout.WebV1));
        File.WriteAllText(path, File.ReadAllText(path).Replace("version: \"v1\"", "version: \"mine\"", StringComparison.Ordinal));
        _manifests.SetMode(SandboxLayout.WebV1, null);
        _manifests.SetStatus(SandboxLayout.WebV1, Addresses, isReady: true);
        Assert.True(_manifests.SetCaptured("shop", "web-v1", isCaptured: false));
        pod = await PodAsync();
        Assert.Equal("mine", pod.Metadata.Labels.Find("version"));
        Assert.Null(pod.Metadata.Labels.Find("istio.io/dataplane-mode"));
        Assert.Null(pod.Metadata.Annotations.Find("ambient.istio.io/redirection"));
        Assert.Equal("True", Assert.Single(pod.Status.Conditions).Status);

        _manifests.Remove(SandboxLayout.WebV1);
        Assert.Empty(Directory.GetFiles(_folder));
        Assert.False(_manifests.SetCaptured("shop", "web-v1", isCaptured: true));
    }

    [Fact]
    public async Task Policies_AreIstios()
    {
        foreach (PolicyManifest policy in (PolicyManifest[])[PolicyManifest.AllowServiceAccount("a", "shop", SandboxLayout.Client), PolicyManifest.DenyNamespace("b", "data", "jobs"), PolicyManifest.Strict("c", "shop")])
        {
            _manifests.Apply(policy.File, policy.Text);
        }

        Assert.Equal(["a", "b"], (await ReadAsync(KnownResources.AuthorizationPolicies)).Select(p => p.Metadata.Name).Order());
        PeerAuthentication strict = Assert.Single(await ReadAsync(KnownResources.PeerAuthentications));
        Assert.Equal(("c", "shop"), (strict.Metadata.Name, strict.Metadata.Namespace));
    }

    private async Task<Pod> PodAsync() => Assert.Single(await ReadAsync(KnownResources.Pods));

    private async Task<IReadOnlyList<T>> ReadAsync<T>(ResourceType<T> type)
        where T : Resource
    {
        using var logs = new LogHub(new LogHubOptions());
        using var source = new ManifestFolderSource(_folder, null, TimeProvider.System, logs.For("test"));
        using var ending = new CancellationTokenSource();
        var found = new List<T>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.RunAsync(
            type,
            ResourceScope.All,
            told =>
            {
                if (told.Kind == ResourceEventKind.Changed)
                {
                    found.Add(told.Resource!);
                }
                else if (told.Kind == ResourceEventKind.ListEnds)
                {
                    ending.Cancel();
                }

                return ValueTask.CompletedTask;
            },
            ending.Token));
        Assert.Empty(source.Problems);
        return found;
    }
}
