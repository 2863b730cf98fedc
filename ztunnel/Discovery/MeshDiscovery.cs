using Ambient.Grpc.Client;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Xds.Client;
using Ambient.Xds.Snapshots;
using Ambient.Ztunnel.Certificates;
using Ambient.Ztunnel.Discovery.Local;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Discovery;

/// <summary>
/// Where the mesh's state comes from: the local file first, then the control plane, which may add to it. Thread-safe.
/// </summary>
public sealed class MeshDiscovery : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly LocalSource? _local;
    private readonly AdsClient? _client;
    private readonly ResourceSnapshot? _snapshot;
    private readonly TimeSpan _snapshotWait;
    private readonly Logger _log;
    private readonly TimeProvider _clock;
    private Task _running = Task.CompletedTask;

    private MeshDiscovery(ZtunnelSettings settings, LocalSource? local, AdsClient? client, ResourceSnapshot? snapshot, Logger log, TimeProvider clock)
    {
        _local = local;
        _client = client;
        _snapshot = snapshot;
        _snapshotWait = settings.XdsSnapshotWait;
        _log = log;
        _clock = clock;
    }

    /// <summary>
    /// Completes when the state is good enough to serve by (ztunnel reference section 4.3): the readiness of the state manager. Once
    /// <see cref="Start"/> was called.
    /// </summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Loads the local file and prepares the client; nothing is connected yet.</summary>
    /// <exception cref="LocalFileException">The local file cannot be used.</exception>
    public static MeshDiscovery Create(ZtunnelSettings settings, MeshState state, DiscoveryMetrics metrics, LogHub logs, TimeProvider clock)
    {
        Logger log = logs.For("ztunnel::xds::client");
        var report = new LocalReport(logs.For("ztunnel::state::local"));
        LocalSource? local = settings.LocalModelPath is { } path ? LocalSource.Open(path, state, report, clock)
            : settings.LocalModel is { } text ? LocalSource.FromText(text, state, report)
            : null;
        if (settings.Xds.Address is null)
        {
            return new MeshDiscovery(settings, local, client: null, snapshot: null, log, clock);
        }

        ResourceSnapshot? snapshot = settings.XdsSnapshotPath is { } file ? new ResourceSnapshot(file, warning => log.Warn(warning)) : null;
        AdsClient client = new(ClientOptions(settings, metrics, log, clock) with { Snapshot = snapshot }, state, clock);
        return new MeshDiscovery(settings, local, client, snapshot, log, clock);
    }

    /// <summary>What the local file says, for config_dump; null without one.</summary>
    public MeshBatch? LocalModel()
    {
        if (_local?.Describe() is not { } mesh)
        {
            return null;
        }

        var all = new MeshBatch();
        all.Workloads.AddRange(mesh.Workloads);
        all.Services.AddRange(mesh.Services);
        all.Policies.AddRange(mesh.Policies.Select(static policy => (policy.FullName, policy)));
        return all;
    }

    /// <summary>Takes the last state from disk, if it is kept there, and begins to talk to the control plane.</summary>
    public void Start()
    {
        if (_client is not null)
        {
            Ready = _client.TryRestore() ? ReadyBySnapshotAsync(_client.Ready) : _client.Ready;
            _running = _client.RunAsync(_stop.Token);
        }
    }

    /// <summary>Asks the control plane for an address; false when it said nothing in time or isn't asked at all.</summary>
    public Task<bool> DemandAsync(string name, CancellationToken cancellation) => _client?.DemandAsync(name, cancellation) ?? Task.FromResult(false);

    /// <summary>The same for event loops: calls back on any thread, exactly once.</summary>
    public void Demand(string name, Action<object?, bool> callback, object? state) => DemandAsync(name, _stop.Token).ContinueWith(
        answer => callback(state, answer.IsCompletedSuccessfully && answer.GetAwaiter().GetResult()),
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _local?.Dispose();
        await _stop.CancelAsync();
        await _running;
        _snapshot?.Dispose();
        _stop.Dispose();
    }

    // The control plane may know better, so it is given the time; a mesh that stands still because it is away would be worse.
    private async Task ReadyBySnapshotAsync(Task answered)
    {
        Task waited = Task.Delay(_snapshotWait, _clock, _stop.Token);
        if (await Task.WhenAny(answered, waited) == waited && !_stop.IsCancellationRequested)
        {
            _log.Warn("the control plane does not answer; the last state that it sent is in force", LogField.Milliseconds("waited", (long)_snapshotWait.TotalMilliseconds));
        }
    }

    private static AdsClientOptions ClientOptions(ZtunnelSettings settings, DiscoveryMetrics metrics, Logger log, TimeProvider clock)
    {
        GrpcChannelOptions channel = ControlPlaneChannel.Options(settings.Xds, settings);
        var node = new NodeSettings
        {
            InstanceIp = settings.InstanceIp,
            PodName = settings.PodName,
            PodNamespace = settings.PodNamespace,
            NodeName = settings.NodeName,
            ProxyMetadata = settings.ProxyMetadata,
            JsonMetadata = settings.NodeMetadataJson,
        };
        return new AdsClientOptions
        {
            MakeChannel = () => new GrpcChannel(channel, clock),
            Node = NodeIdentity.Build(node, (key, reason) => log.Warn("metadata is not JSON and is left out", LogField.Of("key", key), LogField.Of("reason", reason))),
            OnDemand = settings.IsXdsOnDemand,
            Observer = new DiscoveryReport(log, metrics, channel.Address.ToString()),
        };
    }
}
