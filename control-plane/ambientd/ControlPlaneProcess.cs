using System.Runtime.InteropServices;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Serving;
using Ambient.ControlPlane.Certificates;
using Ambient.ControlPlane.Clusters;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Keys;
using Ambient.ControlPlane.Observation;
using Ambient.ControlPlane.References;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.ControlPlane.Routing.Serving;
using Ambient.ControlPlane.Settings;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Routing.Messages;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;

namespace Ambient.ControlPlane;

/// <summary>The control plane as a whole: builds its parts, wires them, runs until told to end.</summary>
public sealed class ControlPlaneProcess(ControlPlaneSettings settings, ControlPlaneSources sources, LogHub logs, TimeProvider clock)
{
    private static readonly TimeSpan LongestKeyGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RefusalPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ReferencePatience = TimeSpan.FromSeconds(10);
    private readonly TaskCompletionSource<System.Net.IPEndPoint> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isDraining;
    private volatile bool _isSettled;

    /// <summary>Completes with the address of xDS and the certificate service once it listens.</summary>
    public Task<System.Net.IPEndPoint> Listening => _listening.Task;

    /// <summary>Runs until cancelled or until a signal; the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, ending));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, ending));
        try
        {
            return await ServeMeshAsync(ending, logs.For("ambientd"));
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !_listening.Task.IsCompleted)
        {
            // Who is told to end before it has begun ends as well as any other.
            return 0;
        }
    }

    private async Task<int> ServeMeshAsync(CancellationTokenSource ending, Logger log)
    {
        var authority = new AuthorityHolder();
        var registry = new MetricRegistry();
        var store = new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType, .. ResourceTypes.All], ownedTypeUrls: ResourceTypes.All, needs: settings.Mesh.SpansClusters ? null : new NeedsRule(ResourceTypes.Needs, MeshIndex.AddressType));
        using var fetcher = new HttpKeySetFetcher(ForbiddenAddresses.Contains);
        var keySets = new KeySetStore(fetcher, new KeySetStoreOptions(), clock);
        DiscoveryFeed? fed = null;
        WaypointIndex? told = null;
        var references = new ReferenceKeeper(sources.Objects, reference => fed!.Update(() => told!.OnReference(reference)), logs.For("ambientd::routing"), clock, ending.Token);
        var waypoints = told = new WaypointIndex(Routing(settings), Say, keySets.Answer, references.Find);
        var grace = new KeySetGrace(keySets, LongestKeyGrace, clock);
        var metrics = new PlaneMetrics(registry, store, authority, sources.Objects, clock);
        registry.Add(new RuntimeMetrics(logs));
        registry.Add(new KeySetMetrics(keySets, clock));
        var pods = new PodIndex();
        var view = new ClusterView();
        ControllerSet? controllers = sources.Api is { } api ? new ControllerSet(settings, api, sources.Objects, view, authority, waypoints, name => fed?.IsSelected(name) ?? true, clock, logs) : null;
        metrics.IsLeader = () => controllers?.IsLeader ?? false;
        var book = new StatusBook(controllers?.Statuses is not null, logs.For("ambientd::statuses"));
        waypoints.ListenersChanged += gateway => book.NoteListeners(gateway, waypoints.ListenerConditionsOf(gateway));
        var seen = new LoggedFeed(pods, view, controllers, book, metrics, settings.Mesh.ClusterId, logs.For("ambientd::discovery"));
        var index = new MeshIndex(settings.Mesh, waypoints, clock: clock);
        ClusterMerge? merge = settings.Mesh.SpansClusters ? new ClusterMerge(store, settings.Mesh) : null;
        DiscoveryFeed feed = merge is null ? new DiscoveryFeed(sources.Objects, index, store, seen, waypoints) : DiscoveryFeed.Own(sources.Objects, index, merge, seen, waypoints);
        var clusterBook = new ClusterBook(settings.Mesh.ClusterId, sources.Tokens, pods);
        RemoteClusters? clusters = merge is null ? null : Clusters(feed, merge, clusterBook, registry);

        fed = feed;

        // Whoever asks while the root is still being opened hears that we live and are not ready.
        await using HttpServer ready = HttpServer.Start(new HttpServerOptions("ready", [settings.ReadyAddress]), new ReadyHandler(() => Obstacle(authority, feed, grace, clusters)), logs.For("ambientd::http"));
        IHttpHandler pages = new MetricsHandler(registry);
        pages = clusters is null ? pages : new ClusterPage(settings.Mesh.ClusterId, clusters, pages);
        pages = sources.Api is null ? new StatusPage(book, pages) : pages;
        XdsServer? served = null;
        pages = new SyncPage(() => served?.Clients ?? [], clock, pages);
        await using HttpServer measured = HttpServer.Start(new HttpServerOptions("metrics", [settings.MetricsAddress]), pages, logs.For("ambientd::http"));
        var keeper = new AuthorityKeeper(settings, sources.Root, authority, clock, logs.For("ambientd::authority"));
        await keeper.OpenAsync(ending.Token);
        var keys = new KeySetKeeper(keySets, sources.KeySets, () => controllers?.IsSharedLeader ?? true, () => feed.Update(waypoints.CheckKeys), clock, logs.For("ambientd::routing"));
        await keys.LoadAsync(ending.Token);
        var callers = new CallerAuthenticator(clusterBook, settings.Mesh.TrustDomain);
        await using var xds = new XdsServer(store, XdsOptions(callers, () => _isSettled && grace.IsOver && IsKnown(clusters), waypoints, metrics), clock);
        metrics.Xds = served = xds;
        CertificateService certificates = new(authority, clusterBook, ServiceOptions(metrics, feed), clock);
        await using GrpcServer server = await ServeAsync(authority, xds, certificates.Method(callers), ending.Token);
        xds.Start();
        log.Info("listening", LogField.Of("xds", server.Address.ToString()), LogField.Of("names", string.Join(' ', settings.ServerNames)));
        _listening.TrySetResult(server.Address);
        Task[] parts =
        [
            feed.RunAsync(ending.Token),
            xds.Telling.WaitAsync(ending.Token),
            keeper.RunAsync(ending.Token),
            keys.RunAsync(ending.Token),
            FollowRefusalsAsync(xds, feed, index, ending.Token),
            references.RunAsync(() => InUse(feed, waypoints)),
            clusters?.RunAsync(sources.Objects, settings.RemotePatience, ending.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, clock, ending.Token),
            TellReadyAsync(Task.WhenAll(SettleAsync(feed, references, ending.Token), clusters?.Ready ?? Task.CompletedTask), log, ending.Token),
            controllers?.RunAsync(feed.Synced, ending.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, clock, ending.Token),
        ];
        return await UntilEndAsync(parts, log, ending);
    }

    // Changes of the part happen under the feed's lock.
    private static IReadOnlyCollection<ReferenceKey> InUse(DiscoveryFeed feed, WaypointIndex waypoints)
    {
        IReadOnlyCollection<ReferenceKey> used = [];
        feed.Update(() => used = [.. waypoints.References]);
        return used;
    }

    // Who comes from another control plane must not hear for a moment that certificates are not there; nor wait for ever for a server that does not say it.
    private async Task SettleAsync(DiscoveryFeed feed, ReferenceKeeper references, CancellationToken cancellation)
    {
        await feed.Synced.WaitAsync(cancellation);
        await Task.WhenAny(references.SettledAsync(feed.StoredAsync), Task.Delay(ReferencePatience, clock, cancellation));
        _isSettled = true;
    }

    /// <summary>What node proxies refuse becomes what the statuses of policies say. Looked at, not told: a whole mesh may refuse the same at once.</summary>
    private async Task FollowRefusalsAsync(XdsServer xds, DiscoveryFeed feed, MeshIndex index, CancellationToken cancellation)
    {
        var refusals = new PolicyRefusals(MeshIndex.PolicyType, settings.TrustedNodeAccounts);
        using var turns = new PeriodicTimer(RefusalPause, clock);
        while (await turns.WaitForNextTickAsync(cancellation))
        {
            if (refusals.Look(xds.Clients, clock.GetUtcNow()) is { } now)
            {
                feed.Update(() => index.SetRefusedByProxies(now));
            }
        }
    }

    private static async Task TellReadyAsync(Task known, Logger log, CancellationToken cancellation)
    {
        await known.WaitAsync(cancellation);
        log.Info("ready");
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
    }

    /// <summary>A part that ends by itself is a fault: then the whole ends, and is started again from outside.</summary>
    private static async Task<int> UntilEndAsync(Task[] parts, Logger log, CancellationTokenSource ending)
    {
        Task first = await Task.WhenAny(parts);
        bool isAsked = ending.IsCancellationRequested;
        await ending.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task? failed = isAsked ? parts.FirstOrDefault(static part => part.IsFaulted) : first;
        if (failed is not null)
        {
            log.Error("a part of the control plane failed", LogField.Of("error", failed.Exception?.GetBaseException().ToString() ?? "it ended by itself"));
        }

        if (isAsked)
        {
            log.Info("ending");
        }

        return isAsked ? 0 : 1;
    }

    /// <summary>First it says that it is not ready, so that nobody new comes, then it ends. A second signal ends at once.</summary>
    private void End(PosixSignalContext signal, CancellationTokenSource ending)
    {
        signal.Cancel = true;
        if (_isDraining || settings.Drain <= TimeSpan.Zero)
        {
            ending.Cancel();
            return;
        }

        _isDraining = true;
        logs.For("ambientd").Info("draining", LogField.Milliseconds("for", (long)settings.Drain.TotalMilliseconds));
        ending.CancelAfter(settings.Drain);
    }

    private RemoteClusters Clusters(DiscoveryFeed feed, ClusterMerge merge, ClusterBook book, MetricRegistry registry)
    {
        var clusters = new RemoteClusters(feed, merge, settings.Mesh, new ClusterConnector(book, settings.Audiences, clock, logs), new LoggedClusters(registry, logs.For("ambientd::clusters")), clock);
        registry.Add(new ClusterMetrics(clusters));
        return clusters;
    }

    private static bool IsKnown(RemoteClusters? clusters) => clusters?.Ready.IsCompleted ?? true;

    private string? Obstacle(AuthorityHolder authority, DiscoveryFeed feed, KeySetGrace grace, RemoteClusters? clusters) =>
        _isDraining ? "draining"
        : authority.Current is null ? "the authority is not open yet"
        : !feed.IsSynced ? $"not known yet: {string.Join(", ", feed.Missing)}"
        : !_isSettled ? "certificates that rules name are being read"
        : !grace.IsOver ? "keys of issuers are being fetched"
        : IsKnown(clusters) ? null
        : $"waiting for remote clusters: {string.Join(", ", clusters!.Statuses.Where(static one => one.State == "syncing").Select(static one => one.Id))}";

    private XdsServerOptions XdsOptions(CallerAuthenticator callers, Func<bool> isReady, WaypointIndex waypoints, PlaneMetrics metrics)
    {
        Logger log = logs.For("ambientd::xds");
        return new XdsServerOptions
        {
            IsReady = isReady,
            Observer = new LoggedXds(metrics, log),
            Owner = (identities, node) => waypoints.OwnerOf(identities, node.Id.Split('~')[^1].Split('.')[0], Text(node, "GATEWAY_NAME")),
            Authenticate = async (call, cancellation) =>
            {
                try
                {
                    Caller caller = await callers.AuthenticateAsync(call, cancellation);
                    return new XdsCaller(caller.Identities, caller.Pod?.Uid ?? "");
                }
                catch (GrpcException stranger) when (stranger.Code != GrpcCode.Unavailable)
                {
                    metrics.Strangers.Increment();
                    log.Warn("a stranger was refused", LogField.Of("peer", call.Peer), LogField.Of("reason", stranger.Detail));
                    throw new GrpcException(stranger.Code, "authentication failure");
                }
            },
        };
    }

    /// <summary>Nothing that users write is ignored in silence.</summary>
    private void Say(RoutingProblem problem) => logs.For("ambientd::routing").Warn(
        "an object is not in force as written",
        LogField.Of("kind", problem.Kind),
        LogField.Of("object", $"{problem.Namespace}/{problem.Name}"),
        LogField.Of("reason", problem.Reason),
        LogField.Of("problem", problem.Message));

    private static string Text(Node node, string key) => node.Metadata?.Fields.GetValueOrDefault(key)?.StringValue ?? "";

    private static RoutingSettings Routing(ControlPlaneSettings settings) => new()
    {
        RootNamespace = settings.Mesh.RootNamespace,
        ClusterDomain = settings.Mesh.DomainSuffix,
        ClusterId = settings.Mesh.ClusterId,
        TrustDomainAliases = settings.Mesh.TrustDomainAliases,
        Revision = settings.Mesh.Revision,
        HasSeveralNetworks = settings.Mesh.SpansClusters,
        NoMirrorSuffix = settings.NoMirrorSuffix,
    };

    private CertificateServiceOptions ServiceOptions(PlaneMetrics metrics, DiscoveryFeed feed)
    {
        Logger log = logs.For("ambientd::authority");
        return new CertificateServiceOptions
        {
            NodeAuthorization = new NodeAuthorization(settings.TrustedNodeAccounts, [settings.Mesh.TrustDomain, .. settings.Mesh.TrustDomainAliases]),
            PodsKnown = feed.Synced,
            DefaultLifetime = settings.DefaultLifetime,
            MaxLifetime = settings.MaxLifetime,
            Refused = (peer, reason) =>
            {
                metrics.Refused.Increment();
                log.Warn("a certificate was refused", LogField.Of("peer", peer), LogField.Of("reason", reason));
            },
            Issued = (identity, lifetime) =>
            {
                metrics.Issued.Increment();
                log.Debug("a certificate was issued", LogField.Of("identity", identity), LogField.Of("hours", (long)lifetime.TotalHours));
            },
        };
    }

    private Task<GrpcServer> ServeAsync(AuthorityHolder authority, XdsServer xds, GrpcMethod certificates, CancellationToken cancellation)
    {
        Logger log = logs.For("ambientd::grpc");
        var certificate = new ServingCertificate(authority, settings.ServerNames, clock);
        var options = new GrpcServerOptions
        {
            Address = settings.XdsAddress,
            Certificate = certificate.Current,
            ClientCertificate = certificate.IsOfThisMesh,
            CallEnded = end =>
            {
                if (end.Fault is { } fault)
                {
                    log.Error("a call failed", LogField.Of("method", end.Method), LogField.Of("peer", end.Peer), LogField.Of("error", fault.ToString()));
                }
            },
        };
        return GrpcServer.StartAsync(options, [xds.Method, certificates], clock, cancellation);
    }
}
