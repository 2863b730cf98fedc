using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>An object of a kind that has no effect here (waypoint reference 2.8.2, Q32). Immutable.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Generation">Which version of it this is.</param>
/// <param name="Targets">What it is for, of kinds whose status says so for each; null: of others.</param>
internal sealed record UnsupportedObject(ResourceType Type, long Generation, IReadOnlyList<ParentReference>? Targets)
{
    private const string Extensions = "programs in waypoints are not supported: it has no effect. Tokens are judged by RequestAuthentications, requests by AuthorizationPolicies, those of action CUSTOM by a service of your own";

    /// <summary>What to say about a kind: why, and what to use instead.</summary>
    public static string Why(string kind) => kind switch
    {
        "EnvoyFilter" => "it is for Envoy, which nothing here is: it has no effect. Use HTTPRoutes or VirtualServices for routes, header fields, retries and timeouts, DestinationRules for connections, "
            + "AuthorizationPolicies of action CUSTOM for a judge of your own, Telemetry for logs, and LocalRateLimit (ambient.mesh) for rate limits",
        "XBackendTrafficPolicy" => "it is experimental and has no effect. Use DestinationRules: trafficPolicy.retryBudget for retries, loadBalancer.consistentHash for sessions",
        _ => Extensions,
    };

    /// <summary>What its status says.</summary>
    public ObjectConditions Judge(ObjectName name, RoutingProblem problem)
    {
        if (Targets is null)
        {
            return new ObjectConditions(Type, name.Key, [ObjectVerdicts.Judge([problem], [], null)!]) { Generation = Generation };
        }

        var refused = new Condition { Type = "Accepted", Status = "False", Reason = problem.Reason, Message = problem.Message };
        return new ObjectConditions(Type, name.Key, [], [.. Targets.Select(target => new ParentConditions(target, [refused]) { Controller = BackendTlsVerdicts.MeshController })]) { Generation = Generation };
    }
}
