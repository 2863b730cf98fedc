using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
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

/// <summary>The mesh's roots in a namespace where somebody else writes the same ConfigMap.</summary>
public sealed class RootQuarrelTests : IAsyncDisposable
{
    private const string Quarrel = "somebody else writes the same ConfigMap again and again";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly Maps _maps = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;
    private RootBundle _bundle = new("ours", null);
    private bool _isAnswered = true;
    private string _last = "";
    private int _writes;

    public RootQuarrelTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
        Assert.True(KnownResources.Namespaces.TryRead("""{"metadata":{"name":"shop"}}"""u8, out Namespace? read, out _));
        _view.Set(KnownResources.Namespaces, read.Key, read);
    }

    [Fact]
    public async Task SomebodyWhoOverwritesTheRoots_IsNamed_AndNotWrittenAgainstForEver()
    {
        var roots = new RootDistribution(_client, _maps, _view, () => _bundle, new RootDistributionOptions(), _clock, _logs.Logger);
        using var leading = new CancellationTokenSource();
        Task running = roots.RunAsync(leading.Token);
        await Eventually.TrueAsync(() => _logs.Count(Quarrel) == 1, Limit);
        Assert.Equal(5, _writes);
        Assert.Equal(1, _logs.Count("their-operator"));
        Assert.Equal(1, _logs.Count("PILOT_CA_CERT_CONFIGMAP"));
        Assert.Equal(0, _logs.Count("ambientd-roots"));
        for (int minute = 1; minute <= 3; minute++)
        {
            await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
            _clock.Advance(TimeSpan.FromSeconds(61));
            int expected = 5 + minute;
            await Eventually.TrueAsync(() => _writes == expected, Limit);
        }

        // Other roots are news, and are there at once.
        await Eventually.TrueAsync(() => _clock.UntilNextTimer() is not null, Limit);
        _isAnswered = false;
        _bundle = new RootBundle("ours, renewed", null);
        roots.Renew();
        await Eventually.TrueAsync(() => _writes == 9, Limit);
        Assert.Equal("ours, renewed", _last);
        Assert.Equal(1, _logs.Count(Quarrel));
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private ApiReply Answer(ApiCall call)
    {
        const string Path = "/api/v1/namespaces/shop/configmaps/istio-ca-root-cert";
        if (call.Method == "GET" && call.Path == Path)
        {
            return ApiReply.Ok("""{"metadata":{"managedFields":[{"manager":"ambientd-roots"},{"manager":"their-operator"},{"manager":"kubelet","subresource":"status"}]}}""");
        }

        if (call.Method != "PATCH")
        {
            return ApiReply.Failure(404, "NotFound");
        }

        Assert.Equal(Path, call.Path);
        _last = (string)JsonNode.Parse(call.Body)!["data"]!["root-cert.pem"]!;
        int writes = Interlocked.Increment(ref _writes);
        if (_isAnswered)
        {
            // Theirs takes the place of ours at once, and the watch brings it.
            _maps.See(writes);
        }

        return ApiReply.Ok("""{"metadata":{"name":"istio-ca-root-cert","namespace":"shop"}}""");
    }

    /// <summary>The watch of the roots' map, which is always the other's.</summary>
    private sealed class Maps : IResourceSource
    {
        private Action<int> _tell = static _ => { };

        public async Task RunAsync<T>(ResourceType<T> type, ResourceScope scope, Func<ResourceEvent<T>, ValueTask> tell, CancellationToken cancellation)
            where T : Resource
        {
            await tell(ResourceEvent<T>.ListBegins());
            if (scope.Fields == "metadata.name=istio-ca-root-cert")
            {
                await tell(ResourceEvent<T>.Changed(Theirs(type, 0)));
                _tell = version => tell(ResourceEvent<T>.Changed(Theirs(type, version))).AsTask().GetAwaiter().GetResult();
            }

            await tell(ResourceEvent<T>.ListEnds());
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        }

        public void See(int version) => _tell(version);

        private static T Theirs<T>(ResourceType<T> type, int version)
            where T : Resource
        {
            string number = version.ToString(CultureInfo.InvariantCulture);
            string json = $$$"""{"metadata":{"name":"istio-ca-root-cert","namespace":"shop","resourceVersion":"{{{number}}}","labels":{"istio.io/config":"true"}},"data":{"root-cert.pem":"theirs"}}""";
            Assert.True(type.TryRead(Encoding.UTF8.GetBytes(json), out T? map, out _));
            return map;
        }
    }
}
