using Ambient.Cli.Demo.Checks;

namespace Ambient.Cli.Demo;

/// <summary>The promises in the order of the telling.</summary>
internal static class DemoScript
{
    /// <summary>The tour of the bookshop, which plays on a Kubernetes too: titles and checks in the order of the telling.</summary>
    public static IReadOnlyList<(string Title, Func<ITourPlace, CheckLog, CancellationToken, Task> RunAsync)> Tour { get; } =
    [
        ("Tour: an application of several services runs from the manifests that Kubernetes takes", ShopChecks.RunsFromItsManifestsAsync),
        ("Tour: a Gateway of class istio-waypoint starts a waypoint, and requests go through it", TourChecks.WaypointTakesOverAsync),
        ("Tour: a canary for one user, by header", TourChecks.CanaryByHeaderAsync),
        ("Tour: a canary by weight", TourChecks.CanaryByWeightAsync),
        ("Tour: faults for those who ask for them", TourChecks.FaultsAsync),
        ("Tour: failed requests are tried again", TourChecks.RetriesAsync),
        ("Tour: slow requests are given up", TourChecks.TimeoutAsync),
        ("Tour: who may ask for what, by identity, method and path", TourChecks.PolicyAsync),
        ("Tour: tokens", TourChecks.TokensAsync),
        ("Tour: requests are mirrored", TourChecks.MirrorAsync),
        ("Tour: connections to PostgreSQL are split between primary and replica", TourChecks.DatabaseSplitAsync),
        ("Tour: the waypoint's metrics tell the same story", TourChecks.MetricsTellItAsync),
    ];

    /// <summary>All checks; later ones kill what earlier ones need.</summary>
    public static IReadOnlyList<DemoCheck> Checks { get; } =
    [
        new("Every pod is captured: its rules are in the kernel, its proxy listens", CaptureChecks.PodsAreCapturedAsync),
        new("The name of a service resolves inside a pod", NameChecks.ServicesResolveAsync),
        new("Traffic flows by service name, virtual address and pod address, and is balanced", TrafficChecks.ReachesAllBackendsAsync),
        new("The server sees the client's own address", TrafficChecks.SourceAddressIsKeptAsync),
        new("Redis and PostgreSQL work unchanged: server-first, many round trips", TrafficChecks.DatabasesWorkAsync),
        new("Between the nodes there is only TLS on port 15008", WireChecks.OnlyTlsBetweenNodesAsync),
        new("Both identities are in the access logs of both nodes", WireChecks.IdentitiesAreLoggedAsync),
        new("A policy admits one service account and refuses all others, at once", PolicyChecks.ByServiceAccountAsync),
        new("A policy against a namespace cuts connections that are already open", PolicyChecks.ByNamespaceCutsOpenConnectionAsync),
        new("STRICT refuses the pod outside the mesh, PERMISSIVE admits it", PolicyChecks.StrictAndPermissiveAsync),
        .. Tour.Select(t => new DemoCheck(t.Title, (mesh, log, cancellation) => t.RunAsync(new SandboxTour(mesh), log, cancellation))),
        new("A session with PostgreSQL stayed open through all of that", TrafficChecks.LongSessionSurvivedAsync),
        new("Metrics tell the same story", TelemetryChecks.MetricsTellItAsync),
        new("A running pod joins the mesh when its label changes, and leaves again; its open connection lives on", MembershipChecks.RunningPodJoinsAndLeavesAsync),
        new("A pod killed in the middle drops out of balancing", ResilienceChecks.KilledPodDropsOutAsync),
        new("A killed ztunnel comes back by itself, and nothing leaks while it is gone", ResilienceChecks.KilledZtunnelComesBackAsync),
        new("Without the control plane all goes on, and a new ztunnel knows the last state", ControlPlaneChecks.NobodyNeedsItAsync),
        new("A killed node agent changes nothing for running pods; new pods wait for it, closed", GuardChecks.AgentDiesAsync),
        new("With agent and ztunnel dead nothing leaves a pod, and all comes back by itself", GuardChecks.EverythingDiesAsync),
    ];

    /// <summary>Whether a check needs the bookshop.</summary>
    public static bool NeedsShop(DemoCheck check) => check.Title.StartsWith("Tour", StringComparison.Ordinal);

    /// <summary>The checks whose titles contain a text; all of them for null.</summary>
    public static DemoCheck[] Choose(string? text) => [.. Checks.Where(c => text is null || c.Title.Contains(text, StringComparison.OrdinalIgnoreCase))];
}
