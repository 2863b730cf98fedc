using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Controllers.Addresses;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Roots;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Routing.Serving;
using Ambient.ControlPlane.Settings;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Leases;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane;

/// <summary>The controllers of this program, and who of the replicas runs them. Thread-safe.</summary>
internal sealed class ControllerSet
{
    private readonly RootDistribution _roots;
    private readonly LeaderWork _work;
    private readonly LeaderWork _sharedWork;
    private readonly LeaderElection? _election;
    private readonly LeaderElection? _sharedElection;

    /// <summary>Puts them together.</summary>
    /// <exception cref="InvalidDataException">A setting of one of them cannot be used.</exception>
    internal ControllerSet(ControlPlaneSettings settings, KubernetesClient client, IResourceSource source, ClusterView view, AuthorityHolder authority, WaypointIndex waypoints, Func<string, bool> isSelected, TimeProvider clock, LogHub logs)
    {
        Logger log = logs.For("ambientd::controllers");
        ControllerSettings mine = settings.Controllers;
        var revision = new WritingRevision(settings.Mesh.Revision);
        _roots = new RootDistribution(
            client,
            source,
            view,
            () => authority.Current is { } current ? new RootBundle(current.RootsPem, current.RevocationPem) : null,
            new RootDistributionOptions { RootMap = mine.RootMap, RevocationMap = mine.RevocationMap, IsSelected = isSelected },
            clock,
            log);
        authority.Changed += _ => _roots.Renew();
        Statuses = mine.WritesStatus ? new ObjectStatuses(client, view, revision, clock, log) : null;
        RoutingStatuses = mine.WritesStatus ? new RoutingStatuses(client, view, revision, new WritePace(perSecond: 50, burst: 200, clock), clock, log) : null;
        GatewayDeployment? gateways = mine.Deploys ? new GatewayDeployment(client, source, view, Template(mine), Gateways(settings), clock, log) : null;
        GatewayStatuses? gatewayStatuses = mine.WritesGatewayStatus ? new GatewayStatuses(client, view, gateways, revision, settings.Mesh.DomainSuffix, clock, log, waypoints.ListenerConditionsOf) : null;
        if (gatewayStatuses is not null)
        {
            waypoints.ListenersChanged += gatewayStatuses.OnListeners;
        }

        IController?[] own = [Statuses, RoutingStatuses, gateways, gatewayStatuses];
        IController?[] shared =
        [
            _roots,
            mine.MakesClasses ? new GatewayClasses(client, view, clock, log, settings.Mesh.SpansClusters) : null,
            mine.Allocates ? new AddressAllocation(client, view, Pool(mine), clock, log) : null,
        ];
        _work = new LeaderWork([.. own.OfType<IController>()], clock, log);
        _sharedWork = new LeaderWork([.. shared.OfType<IController>()], clock, log);
        LeaderElection? Election(string lease) => !mine.Elects ? null : new LeaderElection(
            client,
            new LeaderOptions { Namespace = settings.Mesh.SystemNamespace, Name = lease, Identity = mine.Identity },
            clock,
            logs.For("ambientd::leases"));
        _election = Election(revision.LeaseName);
        _sharedElection = Election(WritingRevision.SharedLeaseName);
    }

    /// <summary>Who writes statuses; null when nobody does.</summary>
    internal ObjectStatuses? Statuses { get; }

    /// <summary>Who writes those of routes and of Istio's kinds; null when nobody does.</summary>
    internal RoutingStatuses? RoutingStatuses { get; }

    /// <summary>Whether this replica writes what is its revision's.</summary>
    internal bool IsLeader => _election?.IsLeader ?? true;

    /// <summary>Whether this replica writes what all revisions would write alike.</summary>
    internal bool IsSharedLeader => _sharedElection?.IsLeader ?? true;

    /// <summary>A namespace became selected, or is not any more.</summary>
    internal void OnSelection(string space, bool isSelected) => _roots.OnSelection(space, isSelected);

    /// <summary>Begins once everything is known, and works until it is cancelled.</summary>
    internal async Task RunAsync(Task synced, CancellationToken cancellation)
    {
        await synced.WaitAsync(cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] both = [LeadAsync(_election, _work, ending.Token), LeadAsync(_sharedElection, _sharedWork, ending.Token)];
        Task first = await Task.WhenAny(both);

        // Both give their Leases back before the end of one is heard.
        await ending.CancelAsync();
        await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private static Task LeadAsync(LeaderElection? election, LeaderWork work, CancellationToken cancellation) =>
        election is null ? work.RunAsync(cancellation) : election.RunAsync(work.RunAsync, cancellation);

    private static GatewayTemplate Template(ControllerSettings settings)
    {
        if (settings.WaypointTemplate is not { } file)
        {
            return GatewayTemplate.BuiltIn;
        }

        return GatewayTemplate.Parse(File.ReadAllText(file), out string? error) ?? throw new InvalidDataException($"AMBIENT_WAYPOINT_TEMPLATE: {file}: {error}");
    }

    private static AddressPool Pool(ControllerSettings settings) =>
        AddressPool.Parse(settings.Ipv4Pool, settings.Ipv6Pool, out string? error) ?? throw new InvalidDataException($"PILOT_IP_AUTOALLOCATE_IPV4_PREFIX, PILOT_IP_AUTOALLOCATE_IPV6_PREFIX: {error}");

    private static GatewaySettings Gateways(ControlPlaneSettings settings) => new()
    {
        SystemNamespace = settings.Mesh.SystemNamespace,
        DomainSuffix = settings.Mesh.DomainSuffix,
        Revision = settings.Mesh.Revision,
        ClusterId = settings.Mesh.ClusterId,
        TrustDomain = settings.Mesh.TrustDomain,
        CopiesToObjects = settings.Controllers.CopiesToObjects,
        SpansNetworks = settings.Mesh.SpansClusters,
        Image = settings.Controllers.WaypointImage,
        PullPolicy = settings.Controllers.PullPolicy,
        RootMap = settings.Controllers.RootMap,
        RevocationMap = settings.Controllers.RevocationMap,
    };
}
