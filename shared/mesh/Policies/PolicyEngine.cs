using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Policies;

/// <summary>Asks the policies about an inbound connection (ztunnel.md 5). Pure; allocates nothing unless a dry-run policy matches.</summary>
public static class PolicyEngine
{
    /// <summary>The message of the note about a policy that a workload lists and nobody sent; worth a warning, for it may be a DENY.</summary>
    public const string UnknownPolicy = "policy is listed by the workload but not known";

    /// <summary>The verdict for a connection to a workload.</summary>
    public static Verdict Evaluate(MeshView view, in ConnectionFacts facts, Workload destination) => Evaluate(view.Policies, facts, destination);

    /// <summary>The verdict for a connection to a workload.</summary>
    public static Verdict Evaluate(PolicySet policies, in ConnectionFacts facts, Workload destination)
    {
        PolicyGroup space = policies.OfNamespace(destination.Namespace);
        List<PolicyNote>? notes = NoteUnknown(policies, destination);

        NoteDryRuns(policies, space, destination, facts, PolicyAction.Deny, ref notes);
        if (First(policies, space, destination, facts, PolicyAction.Deny, out _) is CompiledPolicy denied)
        {
            return new Verdict(false, denied.Policy, "deny policy match", notes);
        }

        int dryRuns = NoteDryRuns(policies, space, destination, facts, PolicyAction.Allow, ref notes);
        CompiledPolicy? allowed = First(policies, space, destination, facts, PolicyAction.Allow, out int enforced);
        if (enforced == 0)
        {
            if (dryRuns < 0)
            {
                (notes ??= []).Add(new PolicyNote("dry-run: no allow policies match", ""));
            }

            return new Verdict(true, null, "no allow policies, allow", notes);
        }

        return allowed is null
            ? new Verdict(false, null, "no allow policies matched", notes)
            : new Verdict(true, allowed.Policy, "allow policy match", notes);
    }

    /// <summary>The first enforced policy that matches: global ones, those of the namespace, those that the workload lists; and how many there are at all.</summary>
    private static CompiledPolicy? First(PolicySet policies, PolicyGroup space, Workload destination, in ConnectionFacts facts, PolicyAction action, out int enforced)
    {
        PolicyList ofAll = policies.Global.Of(action, dryRun: false), ofSpace = space.Of(action, dryRun: false);
        enforced = ofAll.Count + ofSpace.Count;
        CompiledPolicy? found = ofAll.Count == 0 ? null : ofAll.First(facts);
        found ??= ofSpace.Count == 0 ? null : ofSpace.First(facts);
        foreach (string key in destination.Kind.AuthorizationPolicies)
        {
            if (policies.FindCompiled(key) is CompiledPolicy listed && listed.Policy.Action == action && !listed.Policy.IsDryRun)
            {
                enforced++;
                found ??= listed.Matches(facts) ? listed : null;
            }
        }

        return found;
    }

    /// <summary>Notes the dry-run policies that match; returns their number, or −1 when there are some and none matches.</summary>
    private static int NoteDryRuns(PolicySet policies, PolicyGroup space, Workload destination, in ConnectionFacts facts, PolicyAction action, ref List<PolicyNote>? notes)
    {
        PolicyList ofAll = policies.Global.Of(action, dryRun: true), ofSpace = space.Of(action, dryRun: true);
        int known = ofAll.Count + ofSpace.Count;
        List<CompiledPolicy>? matched = null;
        if (known > 0)
        {
            matched = [.. ofAll.All(facts) ?? [], .. ofSpace.All(facts) ?? []];
        }

        foreach (string key in destination.Kind.AuthorizationPolicies)
        {
            if (policies.FindCompiled(key) is CompiledPolicy listed && listed.Policy.Action == action && listed.Policy.IsDryRun)
            {
                known++;
                if (listed.Matches(facts) && matched?.Contains(listed) != true)
                {
                    (matched ??= []).Add(listed);
                }
            }
        }

        if (matched is null || matched.Count == 0)
        {
            return known > 0 ? -1 : 0;
        }

        foreach (CompiledPolicy policy in matched)
        {
            (notes ??= []).Add(new PolicyNote(action == PolicyAction.Deny ? "dry-run: deny policy match" : "dry-run: allow policy match", policy.Policy.FullName));
        }

        return matched.Count;
    }

    /// <summary>A listed policy that isn't known is skipped with a warning (ztunnel.md 14, no. 11).</summary>
    private static List<PolicyNote>? NoteUnknown(PolicySet policies, Workload destination)
    {
        List<PolicyNote>? notes = null;
        foreach (string key in destination.Kind.AuthorizationPolicies)
        {
            if (policies.FindCompiled(key) is null)
            {
                (notes ??= []).Add(new PolicyNote(UnknownPolicy, key));
            }
        }

        return notes;
    }
}
