using Ambient.ControlPlane.Discovery.Policies;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Security;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private readonly Dictionary<ResourceKey, AuthorizationPolicy> _policies = [];
    private readonly Dictionary<ResourceKey, PolicyVerdict> _verdicts = [];
    private readonly Dictionary<ResourceKey, PeerAuthentication> _peers = [];
    private readonly Dictionary<string, HashSet<ResourceKey>> _widePeers = new(StringComparer.Ordinal);
    private readonly SelectorIndex<ResourceKey> _policySelectors = new();
    private readonly SelectorIndex<ResourceKey> _peerSelectors = new();

    private readonly HashSet<ResourceKey> _guards = [];

    /// <summary>What became of each AuthorizationPolicy, for its status.</summary>
    public IReadOnlyDictionary<ResourceKey, PolicyVerdict> Verdicts => _verdicts;

    /// <summary>
    /// An object that cannot be read, and of which no earlier version is known: what stands for it takes effect, so that nothing is open that it may
    /// have closed. Kinds whose absence opens nothing are left out.
    /// </summary>
    /// <returns>Whether something stands for it now.</returns>
    public bool SetUnreadable(ResourceType type, ResourceKey key, ReadProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (problem.Remains is not AuthorizationPolicy guard)
        {
            return false;
        }

        bool isPeer = ReferenceEquals(type, KnownResources.PeerAuthentications);

        // Objects of the root namespace that name workloads are ignored (control-plane reference 4.5).
        bool isVoid = !IsOurs(guard) || (isPeer && key.Namespace == settings.RootNamespace && AuthorizationConversion.HasSelector(guard));
        SetPolicy(isPeer ? guard.Key : key, isVoid ? null : guard, isGuard: true);
        return !isVoid;
    }

    /// <summary>An AuthorizationPolicy as it is now; null: it is gone.</summary>
    public void SetAuthorizationPolicy(ResourceKey key, AuthorizationPolicy? now) => SetPolicy(key, now, isGuard: false);

    private void SetPolicy(ResourceKey key, AuthorizationPolicy? now, bool isGuard)
    {
        if (isGuard && now is not null)
        {
            _guards.Add(key);
        }
        else
        {
            _guards.Remove(key);
        }

        now = now is not null && IsOurs(now) ? now : null;

        // One that could not be enforced was listed by nobody, whatever it selected.
        StringMap? before = _verdicts.GetValueOrDefault(key)?.Message is null ? null : Selector(_policies.GetValueOrDefault(key));
        SetTargets(key, _policies.GetValueOrDefault(key), now);
        MarkRequirements(_http.Set(isTokens: false, key, HttpPolicies.Targets(now, isGuard)));
        Put(_policies, key, now);
        PolicyVerdict? verdict = now is null ? null : AuthorizationConversion.Convert(now, settings);
        Put(_verdicts, key, verdict);
        StringMap? after = verdict?.Message is null ? null : Selector(now);
        _policySelectors.Set(key, key.Namespace, after);
        Mark(SourceKind.Policy, key);
        Mark(SourceKind.PolicyBinding, key);
        if (!Equals(before, after))
        {
            MarkSelected(key.Namespace == settings.RootNamespace ? null : key.Namespace, before, after);
        }
    }

    /// <summary>A PeerAuthentication as it is now; null: it is gone.</summary>
    public void SetPeerAuthentication(ResourceKey key, PeerAuthentication? now)
    {
        var guard = new ResourceKey(key.Namespace, ReadProblem.PeerGuardPrefix + key.Name);
        if (_guards.Contains(guard))
        {
            SetPolicy(guard, null, isGuard: true);
        }

        now = now is not null && IsOurs(now) ? now : null;
        PeerAuthentication? before = _peers.GetValueOrDefault(key);
        Put(_peers, key, now);
        bool isRoot = key.Namespace == settings.RootNamespace;
        LabelIndex.Drop(_widePeers, key.Namespace, key);
        if (now is not null && !PeerAuthenticationConversion.HasSelector(now))
        {
            LabelIndex.Add(_widePeers, key.Namespace, key);
        }

        // Objects of the root namespace that name workloads are ignored.
        _peerSelectors.Set(key, key.Namespace, isRoot ? null : now?.Spec.Selector?.MatchLabels);
        Mark(SourceKind.PeerAuthentication, key);
        Mark(SourceKind.StaticStrict, default);
        MarkSelected(key.Namespace, isRoot ? null : before?.Spec.Selector?.MatchLabels, isRoot ? null : now?.Spec.Selector?.MatchLabels);
        if (IsWide(before) || IsWide(now))
        {
            MarkBelow(isRoot ? null : key.Namespace);
        }
    }

    private static bool IsWide(PeerAuthentication? peer) => peer is not null && !PeerAuthenticationConversion.HasSelector(peer);

    private static StringMap? Selector(AuthorizationPolicy? policy) =>
        policy is not null && AuthorizationConversion.HasSelector(policy) ? policy.Spec.Selector!.MatchLabels : null;

    private void MarkSelected(string? @namespace, StringMap? before, StringMap? after)
    {
        foreach (StringMap selector in new[] { before, after }.OfType<StringMap>())
        {
            MarkAll(SourceKind.Pod, _podLabels.Matching(@namespace, selector));
            MarkAll(SourceKind.WorkloadEntry, _entryLabels.Matching(@namespace, selector));
            MarkAll(SourceKind.ServiceEntry, _serviceEntryLabels.Matching(@namespace, selector));
        }
    }

    /// <summary>The mode of a namespace, or of the mesh, is another: what is below is due.</summary>
    private void MarkBelow(string? @namespace)
    {
        MarkAll(SourceKind.Pod, @namespace is null ? _pods.Keys : _podLabels.Of(@namespace));
        MarkAll(SourceKind.WorkloadEntry, @namespace is null ? _entries.Keys : _entryLabels.Of(@namespace));
        MarkAll(SourceKind.ServiceEntry, @namespace is null ? _serviceEntries.Keys : _serviceEntryLabels.Of(@namespace));
        MarkAll(SourceKind.PeerAuthentication, _peers.Keys.Where(key => @namespace is null || key.Namespace == @namespace));
    }

    /// <summary>Keys of the policies that a workload lists: by name, then what is made of PeerAuthentications (control-plane reference 4.6).</summary>
    private List<string> PoliciesOf(string @namespace, StringMap labels)
    {
        IEnumerable<ResourceKey> selecting = _policySelectors.Matching(@namespace, labels);
        selecting = @namespace == settings.RootNamespace ? selecting : selecting.Concat(_policySelectors.Matching(settings.RootNamespace, labels));
        List<string> keys = [.. selecting.Select(static key => $"{key.Namespace}/{key.Name}").Order(StringComparer.Ordinal)];
        PeerAuthentication? own = Oldest(_peerSelectors.Matching(@namespace, labels));
        if (PeerAuthenticationConversion.Listed(own, ParentOf(@namespace), settings.RootNamespace) is { } listed)
        {
            keys.Add(listed);
        }

        return keys;
    }

    private TlsMode ParentOf(string @namespace)
    {
        PeerAuthentication? ofMesh = Oldest(_widePeers.GetValueOrDefault(settings.RootNamespace) ?? []);
        PeerAuthentication? ofNamespace = @namespace == settings.RootNamespace ? null : Oldest(_widePeers.GetValueOrDefault(@namespace) ?? []);
        return PeerAuthenticationConversion.Parent(ofNamespace, ofMesh);
    }

    private PeerAuthentication? Oldest(IEnumerable<ResourceKey> keys) => keys.Select(key => _peers[key])
        .OrderBy(static peer => peer.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch).ThenBy(static peer => peer.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private void ComputePolicy(Source source) => Give(source, _verdicts.GetValueOrDefault(source.Key)?.Message is { } message ? [ToChange(message)] : []);

    private void ComputePeerAuthentication(Source source)
    {
        Authorization? policy = _peers.TryGetValue(source.Key, out PeerAuthentication? peer) && source.Key.Namespace != settings.RootNamespace && PeerAuthenticationConversion.HasSelector(peer)
            ? PeerAuthenticationConversion.Convert(peer, ParentOf(source.Key.Namespace))
            : null;
        Give(source, policy is null ? [] : [ToChange(policy)]);
    }

    private void ComputeStaticStrict(Source source) => Give(source, _peers.Count == 0 ? [] : [ToChange(PeerAuthenticationConversion.Static(settings.RootNamespace))]);

    private static ResourceChange ToChange(Authorization policy) => new(PolicyType, $"{policy.Namespace}/{policy.Name}", new ResourceContent { Message = policy });
}
