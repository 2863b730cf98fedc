using System.Runtime.InteropServices;
using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Policies;

/// <summary>
/// Finds the rules that can match a connection without looking at the others. Each rule lies under the values of the one
/// clause that names the rarest ones; rules without such a clause are looked at every time. Immutable.
/// </summary>
internal sealed class RuleIndex
{
    private readonly Dictionary<RuleKey, CompiledRule[]> _byKey;
    private readonly CompiledRule[] _rest;
    private readonly RuleDimension _used;
    private readonly int[] _sourceV4;
    private readonly int[] _sourceV6;
    private readonly int[] _destinationV4;
    private readonly int[] _destinationV6;
    private readonly int[] _principalHeads;
    private readonly int[] _principalTails;
    private readonly int[] _namespaceHeads;
    private readonly int[] _namespaceTails;

    internal RuleIndex(IReadOnlyCollection<CompiledPolicy> policies)
    {
        List<(CompiledRule Rule, List<RuleKey[]>[][] Options)> rules = [];
        Dictionary<RuleKey, int> frequency = [];
        foreach (CompiledRule rule in policies.SelectMany(policy => policy.Rules))
        {
            List<RuleKey[]>[][] options = Array.ConvertAll(rule.Clauses, clause => Array.ConvertAll(clause, match => match.IndexOptions()));
            rules.Add((rule, options));
            foreach (RuleKey key in options.SelectMany(clause => clause).SelectMany(match => match).SelectMany(option => option))
            {
                CollectionsMarshal.GetValueRefOrAddDefault(frequency, key, out _)++;
            }
        }

        Dictionary<RuleKey, List<CompiledRule>> byKey = [];
        List<CompiledRule> rest = [];
        foreach ((CompiledRule rule, List<RuleKey[]>[][] options) in rules)
        {
            if (CheapestKeys(options, frequency) is not { } keys)
            {
                rest.Add(rule);
                continue;
            }

            foreach (RuleKey key in keys)
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(byKey, key, out _) ??= []).Add(rule);
            }
        }

        _byKey = byKey.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
        _rest = [.. rest];
        foreach (RuleKey key in _byKey.Keys)
        {
            _used |= key.Dimension;
        }

        _sourceV4 = Lengths(RuleDimension.Source, ipv4: true);
        _sourceV6 = Lengths(RuleDimension.Source, ipv4: false);
        _destinationV4 = Lengths(RuleDimension.Destination, ipv4: true);
        _destinationV6 = Lengths(RuleDimension.Destination, ipv4: false);
        _principalHeads = Lengths(RuleDimension.PrincipalPrefix);
        _principalTails = Lengths(RuleDimension.PrincipalSuffix);
        _namespaceHeads = Lengths(RuleDimension.NamespacePrefix);
        _namespaceTails = Lengths(RuleDimension.NamespaceSuffix);
    }

    /// <summary>Shows every rule that matches to the visitor.</summary>
    internal void Visit<TVisitor>(in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        VisitAll(_rest, facts, ref visitor);
        if (_used == RuleDimension.None)
        {
            return;
        }

        string space = facts.Peer?.Namespace ?? "";
        if (facts.Peer is not null)
        {
            if (Uses(RuleDimension.Account))
            {
                Probe(RuleKey.Account(space, facts.Peer.ServiceAccount), facts, ref visitor);
            }

            string principal = facts.Peer.Principal;
            if (Uses(RuleDimension.Principal))
            {
                Probe(RuleKey.Whole(RuleDimension.Principal, principal), facts, ref visitor);
            }

            ProbeParts(RuleDimension.PrincipalPrefix, _principalHeads, principal, facts, ref visitor);
            ProbeParts(RuleDimension.PrincipalSuffix, _principalTails, principal, facts, ref visitor);
        }

        if (Uses(RuleDimension.Namespace))
        {
            Probe(RuleKey.Whole(RuleDimension.Namespace, space), facts, ref visitor);
        }

        ProbeParts(RuleDimension.NamespacePrefix, _namespaceHeads, space, facts, ref visitor);
        ProbeParts(RuleDimension.NamespaceSuffix, _namespaceTails, space, facts, ref visitor);
        if (Uses(RuleDimension.Port))
        {
            Probe(RuleKey.Port(facts.Destination.Port), facts, ref visitor);
        }

        foreach (int length in facts.Source.Address.IsIPv4 ? _sourceV4 : _sourceV6)
        {
            _ = IpPrefix.TryCreate(facts.Source.Address, length, out IpPrefix prefix);
            Probe(RuleKey.Source(prefix), facts, ref visitor);
        }

        foreach (int length in facts.Destination.Address.IsIPv4 ? _destinationV4 : _destinationV6)
        {
            _ = IpPrefix.TryCreate(facts.Destination.Address, length, out IpPrefix prefix);
            Probe(RuleKey.Destination(prefix), facts, ref visitor);
        }
    }

    private static void VisitAll<TVisitor>(CompiledRule[] rules, in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        foreach (CompiledRule rule in rules)
        {
            if (visitor.IsInteresting(rule.Owner) && rule.Matches(facts))
            {
                visitor.Matched(rule.Owner);
            }
        }
    }

    /// <summary>The keys of the clause, and in each of its matches of the condition, that other rules share least; null when no clause has any.</summary>
    private static HashSet<RuleKey>? CheapestKeys(List<RuleKey[]>[][] clauses, Dictionary<RuleKey, int> frequency)
    {
        HashSet<RuleKey>? best = null;
        long bestCost = long.MaxValue;
        foreach (List<RuleKey[]>[] clause in clauses)
        {
            HashSet<RuleKey> keys = [];
            long cost = 0;
            foreach (List<RuleKey[]> match in clause)
            {
                if (match.MinBy(option => Cost(option, frequency)) is not { } option)
                {
                    cost = long.MaxValue;
                    break;
                }

                cost += Cost(option, frequency);
                keys.UnionWith(option);
            }

            if (cost < bestCost)
            {
                (best, bestCost) = (keys, cost);
            }
        }

        return best;
    }

    private static long Cost(RuleKey[] keys, Dictionary<RuleKey, int> frequency)
    {
        long cost = 0;
        foreach (RuleKey key in keys)
        {
            cost += frequency[key];
        }

        return cost;
    }

    private bool Uses(RuleDimension dimension) => (_used & dimension) != RuleDimension.None;

    private int[] Lengths(RuleDimension dimension, bool ipv4) =>
        [.. _byKey.Keys.Where(key => key.Dimension == dimension && key.Prefix.Network.IsIPv4 == ipv4).Select(key => key.Prefix.Length).Distinct()];

    private int[] Lengths(RuleDimension dimension) =>
        [.. _byKey.Keys.Where(key => key.Dimension == dimension).Select(key => key.TextLength).Distinct()];

    private void ProbeParts<TVisitor>(RuleDimension dimension, int[] lengths, string text, in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        bool isHead = dimension is RuleDimension.PrincipalPrefix or RuleDimension.NamespacePrefix;
        foreach (int length in lengths)
        {
            if (length <= text.Length)
            {
                Probe(isHead ? RuleKey.Head(dimension, text, length) : RuleKey.Tail(dimension, text, length), facts, ref visitor);
            }
        }
    }

    private void Probe<TVisitor>(in RuleKey key, in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        if (_byKey.TryGetValue(key, out CompiledRule[]? rules))
        {
            VisitAll(rules, facts, ref visitor);
        }
    }
}
