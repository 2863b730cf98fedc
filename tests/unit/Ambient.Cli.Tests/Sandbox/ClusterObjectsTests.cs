using Ambient.Cli.Demo;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Objects;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;
using Ambient.Telemetry.Logging;

namespace Ambient.Cli.Tests.Sandbox;

/// <summary>Manifests that Kubernetes takes, applied to the folder.</summary>
public sealed class ClusterObjectsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-cli-").FullName;
    private readonly ClusterObjects _objects;

    public ClusterObjectsTests() => _objects = new ClusterObjects(new MeshManifests(_folder));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Application_BecomesAFilePerObject_AndServicesKeepTheirAddresses()
    {
        string text = SampleFiles.Read("manifests/application.yaml");
        Assert.Null(_objects.Apply(text).Error);
        Dictionary<string, string> first = Addresses();
        Assert.Equal(4, first.Values.Distinct().Count());
        Assert.Null(_objects.Apply(text).Error);
        Assert.Null(_objects.Apply(SampleFiles.Read("manifests/database.yaml")).Error);
        Dictionary<string, string> second = Addresses();
        Assert.All(first, pair => Assert.Equal(pair.Value, second[pair.Key]));
        Assert.Equal(5, second.Values.Distinct().Count());
        Assert.True(File.Exists(Path.Combine(_folder, "namespace.bookshop.yaml")));
        Assert.True(File.Exists(Path.Combine(_folder, "deployment.bookshop.reviews-v3.yaml")));

        Assert.Null(_objects.Delete(text).Error);
        Assert.DoesNotContain(Directory.GetFiles(_folder), static f => f.Contains("reviews", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Samples_AreReadByTheControlPlanesSource()
    {
        string[] files = [.. typeof(SampleFiles).Assembly.GetManifestResourceNames().Where(static n => n.EndsWith(".yaml", StringComparison.Ordinal))];
        Assert.Contains("bookshop/tour/waypoint.yaml", files);
        foreach (string file in files)
        {
            (IReadOnlyList<string> applied, string? error) = _objects.Apply(SampleFiles.Read(file["bookshop/".Length..]));
            Assert.True(error is null && applied.Count > 0, $"{file}: {error}");
        }

        using var logs = new LogHub(new LogHubOptions());
        using var source = new ManifestFolderSource(_folder, null, TimeProvider.System, logs.For("test"));
        using var ending = new CancellationTokenSource();
        Task reading = source.RunAsync(KnownResources.Services, Kubernetes.Api.ResourceScope.All, told => told.Kind == Kubernetes.Watching.ResourceEventKind.ListEnds ? new ValueTask(ending.CancelAsync()) : ValueTask.CompletedTask, ending.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Empty(source.Problems);
    }

    [Theory]
    [InlineData("a: [", "line ")]
    [InlineData("kind: Service", "kind and metadata.name")]
    [InlineData("- 1", "kind and metadata.name")]
    [InlineData("kind: Service\nmetadata: {name: a}\n---\nkind: X", "line 4")]
    public void WhatIsNoManifest_IsNamed_AndNothingIsApplied(string text, string expected)
    {
        Assert.Contains(expected, _objects.Apply(text).Error, StringComparison.Ordinal);
        Assert.Contains(expected, _objects.Delete(text).Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private Dictionary<string, string> Addresses() => _objects.List("Service").ToDictionary(static s => s.Name, static s => s.Text("spec", "clusterIP"), StringComparer.Ordinal);
}
