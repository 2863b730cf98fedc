using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.ControlPlane.Controllers.Roots;
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
    private readonly Logger _log;

    internal ControllerSet(ControlPlaneSettings settings, KubernetesClient client, IResourceSource source, ClusterView view, AuthorityHolder authority, TimeProvider clock, LogHub logs)
    {
        _log = logs.For("ambientd::controllers");
        ControllerSettings mine = settings.Controllers;
        var roots = new RootDistribution(
            client,
            source,
            view,
            () => authority.Current is { } current ? new RootBundle(current.RootsPem, current.RevocationPem) : null,
            new RootDistributionOptions { RootMap = mine.RootMap, RevocationMap = mine.RevocationMap },
            clock,
            _log);
        authority.Changed += _ => roots.Renew();
        _work = new LeaderWork([roots], clock, _log);
        _election = !mine.Elects ? null : new LeaderElection(
            client,
            new LeaderOptions { Namespace = settings.Mesh.SystemNamespace, Name = LeaseName, Identity = mine.Identity },
            clock,
            logs.For("ambientd::leases"));
    }

    /// <summary>Whether this replica writes.</summary>
    internal bool IsLeader => _election?.IsLeader ?? true;

    /// <summary>Begins once everything is known, and works until it is cancelled.</summary>
    internal async Task RunAsync(Task synced, CancellationToken cancellation)
    {
        await synced.WaitAsync(cancellation);
        await (_election is { } election ? election.RunAsync(_work.RunAsync, cancellation) : _work.RunAsync(cancellation));
    }
}
