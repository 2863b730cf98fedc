using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Controllers.Addresses;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Gateways;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Roots;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Settings;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Leases;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane;

/// <summary>The controllers of this program, and who of the replicas runs them. Thread-safe.</summary>
internal sealed class ControllerSet
{
    private const string LeaseName = "ambientd-leader";
    private readonly LeaderWork _work;
    private readonly LeaderElection? _election;

    /// <summary>Puts them together.</summary>
    /// <exception cref="InvalidDataException">A setting of one of them cannot be used.</exception>
    internal ControllerSet(ControlPlaneSettings settings, KubernetesClient client, IResourceSource source, ClusterView view, AuthorityHolder authority, TimeProvider clock, LogHub logs)
    {
        Logger log = logs.For("ambientd::controllers");
        ControllerSettings mine = settings.Controllers;
        var roots = new RootDistribution(
            client,
            source,
            view,
            () => authority.Current is { } current ? new RootBundle(current.RootsPem, current.RevocationPem) : null,
            new RootDistributionOptions { RootMap = mine.RootMap, RevocationMap = mine.RevocationMap },
            clock,
            log);
        authority.Changed += _ => roots.Renew();
        Statuses = mine.WritesStatus ? new ObjectStatuses(client, view, clock, log) : null;
        GatewayDeployment? gateways = mine.Deploys ? new GatewayDeployment(client, source, view, Template(mine), Gateways(settings), clock, log) : null;
        IController?[] all =
        [
            roots,
            Statuses,
            mine.MakesClasses ? new GatewayClasses(client, view, clock, log) : null,
            gateways,
            mine.WritesGatewayStatus ? new GatewayStatuses(client, view, gateways, settings.Mesh.DomainSuffix, clock, log) : null,
            mine.Allocates ? new AddressAllocation(client, view, Pool(mine), settings.Mesh.Revision, clock, log) : null,
        ];
        _work = new LeaderWork([.. all.OfType<IController>()], clock, log);
        _election = !mine.Elects ? null : new LeaderElection(
            client,
            new LeaderOptions { Namespace = settings.Mesh.SystemNamespace, Name = LeaseName, Identity = mine.Identity },
            clock,
            logs.For("ambientd::leases"));
    }

    /// <summary>Who writes statuses; null when nobody does.</summary>
    internal ObjectStatuses? Statuses { get; }

    /// <summary>Whether this replica writes.</summary>
    internal bool IsLeader => _election?.IsLeader ?? true;

    /// <summary>Begins once everything is known, and works until it is cancelled.</summary>
    internal async Task RunAsync(Task synced, CancellationToken cancellation)
    {
        await synced.WaitAsync(cancellation);
        await (_election is { } election ? election.RunAsync(_work.RunAsync, cancellation) : _work.RunAsync(cancellation));
    }

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
        Image = settings.Controllers.WaypointImage,
        PullPolicy = settings.Controllers.PullPolicy,
        RootMap = settings.Controllers.RootMap,
    };
}
