using System.Collections.Concurrent;
using System.Net;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.ControlPlane.Settings;
using Ambient.ControlPlane.Tokens;
using Ambient.Grpc.Client;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Watching;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Xds.Client;

namespace Ambient.ControlPlane.Tests;

/// <summary>The program on a folder of manifests, with a file of tokens.</summary>
internal sealed class RunningPlane : IAsyncDisposable, ILogSink
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ambientd-");
    private readonly CancellationTokenSource _stop = new();
    private readonly LogHub _logs;
    private readonly ManifestFolderSource _source;
    private readonly ControlPlaneSettings _settings;
    private Task<int> _running = Task.FromResult(0);

    public RunningPlane(bool spansClusters = false)
    {
        Directory.CreateDirectory(At("manifests"));
        File.WriteAllText(At("tokens"), "zt-token,istio-system,ztunnel,zt-1,uid-zt\nother-token,shop,cart,cart-1,uid-cart\n");
        _logs = new LogHub(new LogHubOptions { Sink = this });
        _settings = new ControlPlaneSettings
        {
            ManifestFolder = At("manifests"),
            TokenFile = At("tokens"),
            AuthorityFolder = At("authority"),
            PluggedFolder = At("plugged"),
            TrustedNodeAccounts = ["istio-system/ztunnel"],
            Hosts = ["localhost"],
            Mesh = new MeshSettings { SpansClusters = spansClusters },
            Controllers = new ControllerSettings { Elects = false },
            XdsAddress = new IPEndPoint(IPAddress.Loopback, 0),
            ReadyAddress = new IPEndPoint(IPAddress.Loopback, 0),
            MetricsAddress = new IPEndPoint(IPAddress.Loopback, 0),
        };
        _source = new ManifestFolderSource(At("manifests"), null, TimeProvider.System, _logs.For("source"));
    }

    public ConcurrentQueue<string> Lines { get; } = new();

    private int Port { get; set; }

    public string RootPem => File.ReadAllText(Directory.GetFiles(At("authority")).Single()).Split("-----BEGIN PRIVATE")[0];

    public string PrivateKey => File.ReadAllText(Directory.GetFiles(At("authority")).Single()).Split("-----BEGIN PRIVATE KEY-----")[1].Split('\n')[1];

    /// <summary>The source's log, for a source that the test brings along.</summary>
    public Logger SourceLog => _logs.For("source");

    /// <summary>Starts; with an API its controllers write there, without an election.</summary>
    public async Task StartAsync(IResourceSource? source = null, KubernetesClient? api = null)
    {
        var process = new ControlPlaneProcess(_settings, new ControlPlaneSources(source ?? _source, new TokenFile(_settings.TokenFile!, "Kubernetes"), new FolderRootStore(At("authority")), api), _logs, TimeProvider.System);
        _running = process.RunAsync(_stop.Token);
        Task first = await Task.WhenAny(process.Listening, _running).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(first == process.Listening, string.Join('\n', Lines));
        Port = (await process.Listening).Port;
    }

    /// <summary>Runs with key sets of an earlier life until it is told to end; the exit code.</summary>
    public Task<int> RunAsync(IKeySetMemory keySets, CancellationToken cancellation) =>
        new ControlPlaneProcess(_settings, new ControlPlaneSources(_source, new TokenFile(_settings.TokenFile!, "Kubernetes"), new FolderRootStore(At("authority")), null) { KeySets = keySets }, _logs, TimeProvider.System).RunAsync(cancellation);

    public void Manifest(string name, string yaml) => File.WriteAllText(Path.Combine(At("manifests"), name), yaml);

    public void NoManifest(string name) => File.Delete(Path.Combine(At("manifests"), name));

    public GrpcChannel Channel(string token, string cluster = "Kubernetes") => new(
        new GrpcChannelOptions
        {
            Address = new Uri($"https://localhost:{Port}"),
            Roots = ServerRoots.FromPem(RootPem),
            Headers = _ => ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>([KeyValuePair.Create("authorization", "Bearer " + token), KeyValuePair.Create("clusterid", cluster)]),
        },
        TimeProvider.System);

    public AdsClient Client(MeshState state) => new(
        new AdsClientOptions { MakeChannel = () => Channel("zt-token"), Node = NodeIdentity.Build(new NodeSettings { PodName = "zt-1", PodNamespace = "istio-system", NodeName = "n1" }) },
        state,
        TimeProvider.System);

    public int Write(ReadOnlySpan<byte> lines)
    {
        Lines.Enqueue(System.Text.Encoding.UTF8.GetString(lines));
        return lines.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Assert.Equal(0, await _running.WaitAsync(TimeSpan.FromSeconds(30)));
        _source.Dispose();
        _logs.Dispose();
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
