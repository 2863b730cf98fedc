using System.Collections.Concurrent;
using System.Text;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Roots;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>The mesh's roots in namespaces that are left, by replicas that lead and that do not.</summary>
public sealed class RootDistributionTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly ConcurrentDictionary<string, bool> _selected = new(StringComparer.Ordinal);
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private readonly MapsEverywhere _source = new(["left", "late", "shop"]);
    private readonly RootDistribution _roots;
    private RootBundle _bundle = new("roots", null);

    public RootDistributionTests()
    {
        _server = new ScriptedApiServer(static call => call.Method is "PATCH" or "DELETE" ? ApiReply.Ok("""{"metadata":{"name":"istio-ca-root-cert","namespace":"x"}}""") : ApiReply.Failure(404, "NotFound"));
        _client = _server.Client(new ClientOptions { Tries = 1 });
        _roots = new RootDistribution(
            _client,
            _source,
            _view,
            () => _bundle,
            new RootDistributionOptions { RootMap = "istio-ca-root-cert", RevocationMap = "istio-ca-crl", IsSelected = _selected.ContainsKey },
            _clock,
            _logs.Logger);
        foreach (string name in new[] { "left", "late", "shop" })
        {
            Namespace(name);
            Select(name, true);
        }
    }

    [Fact]
    public async Task WhoTakesTheLeadOver_TakesRootsAwayFromWhatWasJustLeft_AndNotFromWhatWasLeftLongAgo()
    {
        // Nobody leads here yet. Whoever did has taken these away, and another mesh's may be there now.
        Select("left", false);
        _clock.Advance(TimeSpan.FromMinutes(3));
        Select("late", false);
        _clock.Advance(TimeSpan.FromSeconds(45));
        using var leading = new CancellationTokenSource();
        Task running = _roots.RunAsync(leading.Token);
        await Eventually.TrueAsync(() => Calls().Length == 2, Limit);
        Assert.Equal(["DELETE late", "PATCH shop"], Calls());

        // Who leads takes them away however long that takes.
        Select("shop", false);
        await Eventually.TrueAsync(() => Calls().Contains("DELETE shop"), Limit);
        Assert.DoesNotContain("DELETE left", Calls());
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task NamespaceThatWasMadeAnew_WasNotLeft()
    {
        Select("late", false);
        _view.Set(KnownResources.Namespaces, new ResourceKey("", "late"), null);
        Namespace("late");
        using var leading = new CancellationTokenSource();
        Task running = _roots.RunAsync(leading.Token);
        await Eventually.TrueAsync(() => Calls().Length == 2, Limit);
        Assert.Equal(["PATCH left", "PATCH shop"], Calls());
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    [Trait("behaviour", "CP-199")]
    public async Task RevocationLists_AreBesideTheRoots_AndChangeWithTheAuthority()
    {
        _bundle = new RootBundle("roots", "list 1");
        using var leading = new CancellationTokenSource();
        Task running = _roots.RunAsync(leading.Token);
        string[] Lists(string content) => [.. _server.Calls.Where(call => call.Path.EndsWith("/configmaps/istio-ca-crl", StringComparison.Ordinal) && call.Body.Contains(content, StringComparison.Ordinal)).Select(static call => call.Path.Split('/')[4]).Distinct().Order(StringComparer.Ordinal)];
        await Eventually.TrueAsync(() => Lists("list 1").Length == 3, Limit);
        Assert.Equal(["late", "left", "shop"], Lists("list 1"));

        _bundle = new RootBundle("roots", "list 2");
        _roots.Renew();
        await Eventually.TrueAsync(() => Lists("list 2").Length == 3, Limit);
        Assert.DoesNotContain(_server.Calls, static call => call.Path.Contains("kube-public", StringComparison.Ordinal));
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Nobody noticed that a watch was dead.</summary>
    [Fact]
    public async Task FollowingThatFails_EndsTheWork_WithItsException()
    {
        using var leading = new CancellationTokenSource();
        Task running = _roots.RunAsync(leading.Token);
        await Eventually.TrueAsync(() => Calls().Length == 3, Limit);
        _source.Broken.SetException(new InvalidOperationException("a defect"));
        InvalidOperationException defect = await Assert.ThrowsAsync<InvalidOperationException>(() => running.WaitAsync(Limit));
        Assert.Equal("a defect", defect.Message);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private void Namespace(string name)
    {
        Assert.True(KnownResources.Namespaces.TryRead(Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{name}}}"}}"""), out Namespace? read, out _));
        _view.Set(KnownResources.Namespaces, read.Key, read);
    }

    private void Select(string name, bool isSelected)
    {
        if (isSelected)
        {
            _selected[name] = true;
        }
        else
        {
            _selected.TryRemove(name, out _);
        }

        _roots.OnSelection(name, isSelected);
    }

    private string[] Calls() => [.. _server.Calls.Where(static call => call.Method is "PATCH" or "DELETE").Select(static call => $"{call.Method} {call.Path.Split('/')[4]}").Order(StringComparer.Ordinal)];

    /// <summary>A map of roots, of some mesh, in each namespace.</summary>
    private sealed class MapsEverywhere(string[] namespaces) : IResourceSource
    {
        public TaskCompletionSource Broken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
            where T : Resource
        {
            await tell(ResourceEvent<T>.ListBegins());
            foreach (string name in scope.Fields == "metadata.name=istio-ca-root-cert" ? namespaces : [])
            {
                string json = $$$"""{"metadata":{"name":"istio-ca-root-cert","namespace":"{{{name}}}","labels":{"istio.io/config":"true"}},"data":{"root-cert.pem":"others"}}""";
                Assert.True(type.TryRead(Encoding.UTF8.GetBytes(json), out T? map, out _));
                await tell(ResourceEvent<T>.Changed(map));
            }

            await tell(ResourceEvent<T>.ListEnds());
            await Broken.Task.WaitAsync(cancellation);
        }
    }
}
