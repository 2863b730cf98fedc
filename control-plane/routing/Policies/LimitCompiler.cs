using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>LocalRateLimits for a waypoint. A rule that makes no sense limits nobody, and is said.</summary>
internal sealed class LimitCompiler(WaypointScope scope, ProblemList problems)
{
    private readonly PolicyTargets _targets = new(scope);

    public IEnumerable<LimitPolicy> Compile()
    {
        foreach (RoutingObject source in scope.Of(LimitReader.Kind))
        {
            ProblemList said = new();
            (IReadOnlyList<SpecReader> targets, LimitPolicy policy) = LimitReader.Read(source, said);
            IReadOnlyList<Attachment> attachments = _targets.Resolve(source.Namespace, targets.Select(Reference).Where(static target => LimitReader.IsTarget(target.Group, target.Kind)));
            if (attachments.Count == 0)
            {
                continue;
            }

            problems.Use(source);
            said.All.ForEach(problems.Add);
            if (policy.Rules.Count > 0)
            {
                policy.Attachments.AddRange(attachments.Distinct());
                yield return policy;
            }
        }
    }

    private static TargetReference Reference(SpecReader reference) => new() { Group = reference.Text("group"), Kind = reference.Text("kind"), Name = reference.Text("name") };
}
