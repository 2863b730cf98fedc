using System.Runtime.InteropServices;
using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Policies;

/// <summary>
/// Finds the rules that can match a connection without looking at the others. Each rule lies under the exact values of the
/// one clause that names the rarest ones; rules without such a clause are looked at every time. Immutable.
/// </summary>
internal sealed class RuleIndex
{
    private readonly Dictionary<RuleKey, CompiledRule[]> _byKey;
    private readonly CompiledRule[] _rest;
    private readonly RuleDimension _used;
    private readonly byte[] _sourceV4;
    private readonly byte[] _sourceV6;
    private readonly byte[] _destinationV4;
    private readonly byte[] _destinationV6;

    internal RuleIndex(IReadOnlyCollection<CompiledPolicy> policies)
    {
        Dictionary<RuleKey, int> frequency = Count(policies);
        Dictionary<RuleKey, List<CompiledRule>> byKey = [];
        List<CompiledRule> rest = [];
        foreach (CompiledPolicy policy in policies)
        {
            foreach (CompiledRule rule in policy.Rules)
            {
                if (CheapestKeys(rule, frequency) is not { } keys)
                {
                    rest.Add(rule);
                    continue;
                }

                foreach (RuleKey key in keys)
                {
                    (CollectionsMarshal.GetValueRefOrAddDefault(byKey, key, out _) ??= []).Add(rule);
                }
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

        if (facts.Peer is not null)
        {
            if ((_used & RuleDimension.Account) != RuleDimension.None)
            {
                Probe(RuleKey.Account(facts.Peer.Namespace, facts.Peer.ServiceAccount), facts, ref visitor);
            }

            if ((_used & RuleDimension.Principal) != RuleDimension.None)
            {
                Probe(RuleKey.Principal(facts.Peer.Principal), facts, ref visitor);
            }
        }

        if ((_used & RuleDimension.Namespace) != RuleDimension.None)
        {
            Probe(RuleKey.Namespace(facts.Peer?.Namespace ?? ""), facts, ref visitor);
        }

        if ((_used & RuleDimension.Port) != RuleDimension.None)
        {
            Probe(RuleKey.Port(facts.Destination.Port), facts, ref visitor);
        }

        if ((_used & RuleDimension.Source) != RuleDimension.None)
        {
            foreach (byte length in facts.Source.Address.IsIPv4 ? _sourceV4 : _sourceV6)
            {
                _ = IpPrefix.TryCreate(facts.Source.Address, length, out IpPrefix prefix);
                Probe(RuleKey.Source(prefix), facts, ref visitor);
            }
        }

        if ((_used & RuleDimension.Destination) != RuleDimension.None)
        {
            foreach (byte length in facts.Destination.Address.IsIPv4 ? _destinationV4 : _destinationV6)
            {
                _ = IpPrefix.TryCreate(facts.Destination.Address, length, out IpPrefix prefix);
                Probe(RuleKey.Destination(prefix), facts, ref visitor);
            }
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

    private static Dictionary<RuleKey, int> Count(IReadOnlyCollection<CompiledPolicy> policies)
    {
        Dictionary<RuleKey, int> frequency = [];
        foreach (CompiledPolicy policy in policies)
        {
            foreach (CompiledRule rule in policy.Rules)
            {
                foreach (CompiledMatch[] clause in rule.Clauses)
                {
                    foreach (CompiledMatch match in clause)
                    {
                        foreach (RuleKey[] option in match.IndexOptions())
                        {
                            foreach (RuleKey key in option)
                            {
                                CollectionsMarshal.GetValueRefOrAddDefault(frequency, key, out _)++;
                            }
                        }
                    }
                }
            }
        }

        return frequency;
    }

    /// <summary>The keys of the clause, and in each of its matches of the condition, that other rules share least.</summary>
    private static HashSet<RuleKey>? CheapestKeys(CompiledRule rule, Dictionary<RuleKey, int> frequency)
    {
        HashSet<RuleKey>? best = null;
        long bestCost = long.MaxValue;
        foreach (CompiledMatch[] clause in rule.Clauses)
        {
            HashSet<RuleKey> keys = [];
            long cost = 0;
            foreach (CompiledMatch match in clause)
            {
                RuleKey[]? option = match.IndexOptions().MinBy(o => Cost(o, frequency));
                if (option is null)
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

    private byte[] Lengths(RuleDimension dimension, bool ipv4) =>
        [.. _byKey.Keys.Where(key => key.Dimension == dimension && key.Prefix.Network.IsIPv4 == ipv4).Select(key => (byte)key.Prefix.Length).Distinct()];

    private void Probe<TVisitor>(in RuleKey key, in ConnectionFacts facts, ref TVisitor visitor)
        where TVisitor : struct, IRuleVisitor
    {
        if (_byKey.TryGetValue(key, out CompiledRule[]? rules))
        {
            VisitAll(rules, facts, ref visitor);
        }
    }
}
