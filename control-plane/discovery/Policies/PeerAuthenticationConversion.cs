using System.Globalization;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Security;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// PeerAuthentications as policies (control-plane reference 4.5). The effective mode is computed once and serves both the policy and the
/// workloads that list it, so that the two never disagree (Q1 to Q5). Pure functions.
/// </summary>
internal static class PeerAuthenticationConversion
{
    internal const string StaticStrict = "istio_converted_static_strict";
    private const string ConvertedPrefix = "converted_peer_authentication_";

    /// <summary>A mode as it is written; DISABLE is PERMISSIVE everywhere. What is not known is strict: the stricter reading fails closed.</summary>
    internal static TlsMode Mode(MutualTls? mtls) => mtls?.Mode switch
    {
        null or "" or "UNSET" => TlsMode.Unset,
        "PERMISSIVE" or "DISABLE" => TlsMode.Permissive,
        _ => TlsMode.Strict,
    };

    /// <summary>Whether an object names workloads; an empty selector does not (Q4).</summary>
    internal static bool HasSelector(PeerAuthentication peer) => peer.Spec.Selector is { MatchLabels.Count: > 0 };

    /// <summary>The mode of a namespace: its own object's, else the mesh's.</summary>
    internal static TlsMode Parent(PeerAuthentication? ofNamespace, PeerAuthentication? ofMesh)
    {
        TlsMode own = Mode(ofNamespace?.Spec.Mtls);
        return own != TlsMode.Unset ? own : Mode(ofMesh?.Spec.Mtls) == TlsMode.Strict ? TlsMode.Strict : TlsMode.Permissive;
    }

    /// <summary>The policy that denies plaintext.</summary>
    internal static Authorization Static(string rootNamespace) => new()
    {
        Name = StaticStrict,
        Namespace = rootNamespace,
        Scope = Scope.WorkloadSelector,
        Action = Protocol.Istio.Security.Action.Deny,
        Rules = { new Rule { Clauses = { Clause(NoPeer()) } } },
    };

    /// <summary>The key of an object's own policy, which exists when <see cref="Convert"/> gives one.</summary>
    internal static string ConvertedName(PeerAuthentication peer) => ConvertedPrefix + peer.Metadata.Name;

    /// <summary>The key of the policy that is made of an object.</summary>
    internal static ResourceKey NameOf(ResourceKey peer) => new(peer.Namespace, ConvertedPrefix + peer.Name);

    /// <summary>The object that a policy is made of; null: of none.</summary>
    internal static ResourceKey? OriginOf(ResourceKey policy) =>
        policy.Name.StartsWith(ConvertedPrefix, StringComparison.Ordinal) ? new ResourceKey(policy.Namespace, policy.Name[ConvertedPrefix.Length..]) : null;

    /// <summary>
    /// Which policy a workload lists: null none, otherwise a key <c>namespace/name</c>.
    /// </summary>
    /// <param name="workload">The object that selects the workload, if any.</param>
    /// <param name="parent">The mode above it.</param>
    /// <param name="rootNamespace">Where the static policy lives.</param>
    internal static string? Listed(PeerAuthentication? workload, TlsMode parent, string rootNamespace)
    {
        if (workload is not null && Convert(workload, parent) is { } converted)
        {
            return $"{converted.Namespace}/{converted.Name}";
        }

        return Effective(workload, parent) == TlsMode.Strict ? $"{rootNamespace}/{StaticStrict}" : null;
    }

    /// <summary>The policy of an object with ports that differ from its mode; null when no port does.</summary>
    internal static Authorization? Convert(PeerAuthentication peer, TlsMode parent)
    {
        TlsMode effective = Effective(peer, parent);
        var ports = new SortedDictionary<ushort, TlsMode>();
        foreach ((string text, MutualTls? mtls) in peer.Spec.PortLevelMtls)
        {
            if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && Mode(mtls) is var mode and not TlsMode.Unset && mode != effective)
            {
                ports[port] = mode;
            }
        }

        if (ports.Count == 0)
        {
            return null;
        }

        var policy = new Authorization
        {
            Name = ConvertedName(peer),
            Namespace = peer.Metadata.Namespace,
            Scope = Scope.WorkloadSelector,
            Action = Protocol.Istio.Security.Action.Deny,
        };
        if (effective != TlsMode.Strict)
        {
            policy.Rules.AddRange(ports.Keys.Select(static port => new Rule { Clauses = { Clause(new Match { DestinationPorts = { port }, NotPrincipals = { Anyone() } }) } }));
            return policy;
        }

        // A peer without identity is denied unless the port is one of the exempt.
        var rule = new Rule();
        IEnumerable<Clause> exempt = ports.Keys.Select(static port => Clause(new Match { NotDestinationPorts = { port } }));
        if (Mode(peer.Spec.Mtls) == TlsMode.Strict)
        {
            rule.Clauses.Add(Clause(NoPeer()));
            rule.Clauses.AddRange(exempt);
        }
        else
        {
            rule.Clauses.AddRange(exempt);
            rule.Clauses.Add(Clause(NoPeer()));
        }

        policy.Rules.Add(rule);
        return policy;
    }

    private static TlsMode Effective(PeerAuthentication? workload, TlsMode parent)
    {
        TlsMode own = Mode(workload?.Spec.Mtls);
        return own != TlsMode.Unset ? own : parent;
    }

    private static Clause Clause(Match match) => new() { Matches = { match } };

    private static Match NoPeer() => new() { NotPrincipals = { Anyone() } };

    private static StringMatch Anyone() => new() { Presence = new Empty() };
}
