using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;

namespace Ambient.ControlPlane.Routing.Policies;

/// <summary>AuthorizationPolicies for a waypoint (waypoint reference 2.6). Never fails open.</summary>
internal sealed class AccessCompiler(WaypointScope scope, ProblemList problems)
{
    private readonly PolicyTargets _targets = new(scope);

    public IEnumerable<AccessPolicy> Compile()
    {
        foreach (AuthorizationPolicy policy in scope.Policies.OrderBy(policy => policy.Metadata.Namespace, StringComparer.Ordinal).ThenBy(policy => policy.Metadata.Name, StringComparer.Ordinal))
        {
            IEnumerable<TargetReference> references = policy.Spec.TargetRef is { } one ? policy.Spec.TargetRefs.Append(one) : policy.Spec.TargetRefs;
            bool isSelecting = !references.Any() && _targets.Selects(policy.Metadata.Namespace, policy.Spec.Selector?.MatchLabels ?? StringMap.Empty);
            IReadOnlyList<Attachment> attachments = isSelecting ? [new Attachment { All = true }] : _targets.Resolve(policy.Metadata.Namespace, references);
            if (attachments.Count > 0)
            {
                yield return Compile(policy, attachments);
            }
        }
    }

    private AccessPolicy Compile(AuthorizationPolicy policy, IReadOnlyList<Attachment> attachments)
    {
        AccessPolicy compiled = new()
        {
            Namespace = policy.Metadata.Namespace,
            Name = policy.Metadata.Name,
            DryRun = policy.Metadata.Annotations.Find("istio.io/dry-run") is "1" or "t" or "T" or "true" or "True" or "TRUE",
            Provider = policy.Spec.Provider?.Name ?? "",
            Action = policy.Spec.Action switch { "" or "ALLOW" => AccessAction.Allow, "DENY" => AccessAction.Deny, "AUDIT" => AccessAction.Audit, "CUSTOM" => AccessAction.Custom, _ => AccessAction.Deny },
        };
        compiled.Attachments.AddRange(attachments);
        compiled.Rules.AddRange(policy.Spec.Rules.Select(Rule));
        if (policy.Spec.Action is not ("" or "ALLOW" or "DENY" or "AUDIT" or "CUSTOM"))
        {
            Say(policy, RoutingProblem.Invalid, $"spec.action: {policy.Spec.Action} is no action; everything is denied");
            compiled.Rules.Clear();
            compiled.Rules.Add(new AccessRule());
        }

        Check(policy, compiled);
        return compiled;
    }

    // The engine that will judge requests says what it cannot judge.
    private void Check(AuthorizationPolicy policy, AccessPolicy compiled)
    {
        _ = new AccessProgram([compiled], new AccessContext([], IsHttp: true), problem => Say(policy, RoutingProblem.UnsupportedValue, problem));
        bool hasTcp = scope.Served.Where(service => compiled.Attachments.Any(a => a.All || a.Service == service.ResourceName)).Any(service => service.Ports.Any(port => port.MayBeTcp));
        if (hasTcp && compiled.Action == AccessAction.Deny)
        {
            _ = new AccessProgram([compiled], new AccessContext([], IsHttp: false), problem => Say(policy, RoutingProblem.NoEffect, $"on ports that are not HTTP: {problem}, so more is denied there"));
        }
    }

    private void Say(AuthorizationPolicy policy, string reason, string message) =>
        problems.Add(new RoutingProblem("AuthorizationPolicy", policy.Metadata.Namespace, policy.Metadata.Name, reason, message));

    private static AccessRule Rule(AuthorizationRule rule)
    {
        AccessRule compiled = new();
        compiled.From.AddRange(rule.From.Select(from => Source(from.Source ?? new RuleSource())));
        compiled.To.AddRange(rule.To.Select(to => to.Operation ?? new RuleOperation()).Select(to => new AccessOperation
        {
            Hosts = { to.Hosts },
            NotHosts = { to.NotHosts },
            Ports = { to.Ports },
            NotPorts = { to.NotPorts },
            Methods = { to.Methods },
            NotMethods = { to.NotMethods },
            Paths = { to.Paths },
            NotPaths = { to.NotPaths },
        }));
        compiled.When.AddRange(rule.When.Select(when => new AccessCondition { Key = when.Key, Values = { when.Values }, NotValues = { when.NotValues } }));
        return compiled;
    }

    private static AccessSource Source(RuleSource source) => new()
    {
        Principals = { source.Principals },
        NotPrincipals = { source.NotPrincipals },
        RequestPrincipals = { source.RequestPrincipals },
        NotRequestPrincipals = { source.NotRequestPrincipals },
        Namespaces = { source.Namespaces },
        NotNamespaces = { source.NotNamespaces },
        ServiceAccounts = { source.ServiceAccounts },
        NotServiceAccounts = { source.NotServiceAccounts },
        TrustDomains = { source.TrustDomains },
        NotTrustDomains = { source.NotTrustDomains },
        IpBlocks = { source.IpBlocks },
        NotIpBlocks = { source.NotIpBlocks },
        RemoteIpBlocks = { source.RemoteIpBlocks },
        NotRemoteIpBlocks = { source.NotRemoteIpBlocks },
    };
}
