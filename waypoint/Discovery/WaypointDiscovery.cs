using Ambient.Grpc.Client;
using Ambient.Mesh.Views;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Telemetry.Logging;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Settings;
using Ambient.Xds.Client;
using Ambient.Xds.Snapshots;

namespace Ambient.Waypoint.Discovery;

/// <summary>Keeps mesh and configuration equal to what the control plane says. Thread-safe.</summary>
internal sealed class WaypointDiscovery : IAsyncDisposable
{
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly AdsClient _client;
    private readonly ResourceSnapshot? _snapshot;
    private readonly TimeSpan _snapshotWait;
    private readonly Logger _log;
    private readonly TimeProvider _clock;
    private Task _running = Task.CompletedTask;

    public WaypointDiscovery(WaypointOptions options, GrpcChannelOptions channel, MeshState mesh, ConfigurationStore store, AdsObserver observer, Logger log, TimeProvider clock)
    {
        _log = log;
        _clock = clock;
        _snapshotWait = options.SnapshotWait;
        _snapshot = options.SnapshotPath is { } path ? new ResourceSnapshot(path, warning => log.Warn(warning)) : null;
        var node = new NodeSettings
        {
            Role = "waypoint",
            InstanceIp = options.InstanceIp,
            PodName = options.PodName,
            PodNamespace = options.Identity.Namespace,
            NodeName = options.NodeName,
            ProxyMetadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["SERVICE_ACCOUNT"] = options.Identity.ServiceAccount, ["GATEWAY_NAME"] = options.GatewayName, ["CLUSTER_ID"] = options.ClusterId },
        };

        // The own pod, and others nearby, come by the name of the node.
        bool isLimited = options.OnDemand && options.NodeName.Length > 0;
        AdsClientOptions client = new()
        {
            MakeChannel = () => new GrpcChannel(channel, clock),
            Node = NodeIdentity.Build(node),
            Observer = observer,
            Snapshot = _snapshot,
            Sinks = Sinks(store),
            NeedsType = isLimited ? ResourceTypes.Needs : null,
            OnDemandLimit = LongestAnswer,

            // Those are ztunnels'; no waypoint evaluates any.
            Policies = !isLimited,
        };
        _client = new AdsClient(client, mesh, clock);
        Addresses = new AddressBook(_client, options.Network, _stop.Token);
    }

    /// <summary>What is known of the mesh beside what is needed.</summary>
    public AddressBook Addresses { get; }

    /// <summary>Completes when the state is good enough to serve by. Once <see cref="Start"/> was called.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Takes the last state from disk, if it is kept there, and begins to talk to the control plane.</summary>
    public void Start()
    {
        Ready = _client.TryRestore() ? ReadyBySnapshotAsync() : _client.Ready;
        _running = _client.RunAsync(_stop.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _snapshot?.Dispose();
        _stop.Dispose();
    }

    private static IResourceSink[] Sinks(ConfigurationStore store) =>
    [
        new SettingsSink(store),
        new ResourceSink<TokenPolicy>(ResourceTypes.Tokens, TokenPolicy.Parser, static part => new ConfigurationChange { Tokens = part }, store),
        new ResourceSink<AccessPolicy>(ResourceTypes.Access, AccessPolicy.Parser, static part => new ConfigurationChange { Access = part }, store),
        new ResourceSink<LimitPolicy>(ResourceTypes.Limits, LimitPolicy.Parser, static part => new ConfigurationChange { Limits = part }, store),
        new ResourceSink<DestinationSettings>(ResourceTypes.Destinations, DestinationSettings.Parser, static part => new ConfigurationChange { Destinations = part }, store, removeSecrets: EndpointTlsTable.RemoveKeys),
        new ResourceSink<ServiceRoutes>(ResourceTypes.Routes, ServiceRoutes.Parser, static part => new ConfigurationChange { Routes = part }, store),
        new ResourceSink<EdgeCredential>(ResourceTypes.EdgeCredentials, EdgeCredential.Parser, static part => new ConfigurationChange { Credentials = part }, store, isKept: false),
        new ResourceSink<EdgePort>(ResourceTypes.EdgePorts, EdgePort.Parser, static part => new ConfigurationChange { Edges = part }, store),
    ];

    // The control plane may know better, so it is given the time; services that stand still because it is away would be worse.
    private async Task ReadyBySnapshotAsync()
    {
        Task waited = Task.Delay(_snapshotWait, _clock, _stop.Token);
        if (await Task.WhenAny(_client.Ready, waited) == waited && !_stop.IsCancellationRequested)
        {
            _log.Warn("the control plane does not answer; the last state that it sent is in force", LogField.Milliseconds("waited", (long)_snapshotWait.TotalMilliseconds));
        }
    }
}
