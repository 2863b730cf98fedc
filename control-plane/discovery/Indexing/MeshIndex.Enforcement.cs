using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Policies;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private IReadOnlyDictionary<string, string> _refusedByProxies = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// What node proxies refuse of the policies that they were sent, by resource name, with what is to be said about it. Objects that it is made of say so in their conditions.
    /// </summary>
    public void SetRefusedByProxies(IReadOnlyDictionary<string, string> now)
    {
        ArgumentNullException.ThrowIfNull(now);
        IReadOnlyDictionary<string, string> before = _refusedByProxies;
        _refusedByProxies = now;
        foreach (string name in before.Keys.Union(now.Keys).Where(name => before.GetValueOrDefault(name) != now.GetValueOrDefault(name)))
        {
            int slash = name.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0)
            {
                continue;
            }

            var key = new ResourceKey(name[..slash], name[(slash + 1)..]);
            Mark(SourceKind.PolicyBinding, key);
            if (PeerAuthenticationConversion.OriginOf(key) is { } peer)
            {
                Mark(SourceKind.PeerBinding, peer);
            }
        }
    }

    private List<Condition> Refused(ResourceKey policy) => _refusedByProxies.TryGetValue($"{policy.Namespace}/{policy.Name}", out string? message)
        ? [new Condition { Type = ConditionTypes.ZtunnelAccepted, Status = "False", Reason = "Refused", Message = message }]
        : [];
}
