using Ambient.Mesh.Services;
using Ambient.Routing.Access;
using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Observation;

/// <summary>
/// Counts what policies on trial would have said, by the rule that would have said it: under the names of Envoy's shadow rules, with the service and the rule as labels.
/// Nobody pays for it where there are no such policies. Thread-safe.
/// </summary>
internal sealed class DryRunMetrics(MetricRegistry registry)
{
    private readonly MetricFamily _denyAllowed = Family(registry, "istio_dry_run_deny_shadow_allowed", "Requests and connections that DENY policies on trial would have let through.");
    private readonly MetricFamily _denyDenied = Family(registry, "istio_dry_run_deny_shadow_denied", "Requests and connections that DENY policies on trial would have denied.");
    private readonly MetricFamily _allowAllowed = Family(registry, "istio_dry_run_allow_shadow_allowed", "Requests and connections that ALLOW policies on trial would have let through.");
    private readonly MetricFamily _allowDenied = Family(registry, "istio_dry_run_allow_shadow_denied", "Requests and connections that ALLOW policies on trial would have denied.");

    /// <summary>Asks the policies on trial and counts; call it where there are any.</summary>
    public DryRunVerdicts Try(AccessProgram program, Routing.Messages.RequestFacts facts, NamespacedHostname service)
    {
        DryRunVerdicts verdicts = new(program.DryRunDeny(facts), program.DryRunAllow(facts));
        Count(verdicts.Deny, _denyAllowed, _denyDenied, service);
        Count(verdicts.Allow, _allowAllowed, _allowDenied, service);
        return verdicts;
    }

    private static MetricFamily Family(MetricRegistry registry, string name, string help) => registry.AddCounter(name, help, "service", "rule");

    private static void Count(AccessVerdict? verdict, MetricFamily allowed, MetricFamily denied, NamespacedHostname service)
    {
        if (verdict is { } said)
        {
            (said.IsAllowed ? allowed : denied).With(service.ToString(), said.RuleId).Increment();
        }
    }
}
