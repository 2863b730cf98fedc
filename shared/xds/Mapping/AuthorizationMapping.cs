using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Google.Protobuf.Collections;
using Wire = Ambient.Protocol.Istio.Security;

namespace Ambient.Xds.Mapping;

/// <summary>Policies from the wire (ztunnel reference sections 4.7 and 4.8). Stateless.</summary>
/// <remarks>
/// A value that cannot be understood (a range with too long a prefix, a match without content) must not widen what is allowed: in an
/// ALLOW policy its match then never matches, in a DENY policy the value is dropped, and a match of which nothing is left denies all.
/// </remarks>
internal static class AuthorizationMapping
{
    private static readonly PolicyMatch Never = new();
    private static readonly PolicyMatch Always = new() { NotDestinationPorts = [0] };

    internal static AuthorizationPolicy Map(Wire.Authorization wire)
    {
        bool denies = wire.Action switch
        {
            Wire.Action.Allow => false,
            Wire.Action.Deny => true,
            _ => throw Fields.Unknown("action", wire.Action),
        };
        return new AuthorizationPolicy
        {
            Name = wire.Name,
            Namespace = wire.Namespace,
            Scope = Enum.IsDefined(wire.Scope) ? (PolicyScope)wire.Scope : throw Fields.Unknown("scope", wire.Scope),
            Action = denies ? PolicyAction.Deny : PolicyAction.Allow,
            IsDryRun = wire.DryRun,
            Rules = Convert(wire.Rules, rule => new PolicyRule(Convert(rule.Clauses, clause => new PolicyClause(Convert(clause.Matches, match => Map(match, denies)))))),
        };
    }

    private static PolicyMatch Map(Wire.Match wire, bool denies)
    {
        bool isWhole = true;
        var match = new PolicyMatch
        {
            Namespaces = Texts(wire.Namespaces, ref isWhole),
            NotNamespaces = Texts(wire.NotNamespaces, ref isWhole),
            Principals = Texts(wire.Principals, ref isWhole),
            NotPrincipals = Texts(wire.NotPrincipals, ref isWhole),
            ServiceAccounts = Convert(wire.ServiceAccounts, static account => new ServiceAccountMatch(account.Namespace, account.ServiceAccount)),
            NotServiceAccounts = Convert(wire.NotServiceAccounts, static account => new ServiceAccountMatch(account.Namespace, account.ServiceAccount)),
            SourceIps = Ranges(wire.SourceIps, ref isWhole),
            NotSourceIps = Ranges(wire.NotSourceIps, ref isWhole),
            DestinationIps = Ranges(wire.DestinationIps, ref isWhole),
            NotDestinationIps = Ranges(wire.NotDestinationIps, ref isWhole),
            DestinationPorts = Convert(wire.DestinationPorts, Port),
            NotDestinationPorts = Convert(wire.NotDestinationPorts, Port),
        };
        return isWhole ? match : !denies ? Never : match.IsEmpty ? Always : match;
    }

    private static List<StringMatch> Texts(RepeatedField<Wire.StringMatch> wire, ref bool isWhole)
    {
        var texts = new List<StringMatch>(wire.Count);
        foreach (Wire.StringMatch text in wire)
        {
            switch (text.MatchTypeCase)
            {
                case Wire.StringMatch.MatchTypeOneofCase.Exact:
                    texts.Add(StringMatch.Exact(text.Exact));
                    break;
                case Wire.StringMatch.MatchTypeOneofCase.Prefix:
                    texts.Add(StringMatch.Prefix(text.Prefix));
                    break;
                case Wire.StringMatch.MatchTypeOneofCase.Suffix:
                    texts.Add(StringMatch.Suffix(text.Suffix));
                    break;
                case Wire.StringMatch.MatchTypeOneofCase.Presence:
                    texts.Add(StringMatch.Presence());
                    break;
                default:
                    isWhole = false;
                    break;
            }
        }

        return texts;
    }

    private static List<IpPrefix> Ranges(RepeatedField<Wire.Address> wire, ref bool isWhole)
    {
        var ranges = new List<IpPrefix>(wire.Count);
        foreach (Wire.Address range in wire)
        {
            if (IpAddress.TryFrom(range.Address_.Span, out IpAddress address) && range.Length <= 128 && IpPrefix.TryCreate(address, (int)range.Length, out IpPrefix prefix))
            {
                ranges.Add(prefix);
            }
            else
            {
                isWhole = false;
            }
        }

        return ranges;
    }

    /// <summary>No connection has port 0, so a number that is no port hits nothing.</summary>
    private static ushort Port(uint wire) => wire <= ushort.MaxValue ? (ushort)wire : (ushort)0;

    private static TTo[] Convert<TFrom, TTo>(RepeatedField<TFrom> from, Func<TFrom, TTo> map)
    {
        var to = new TTo[from.Count];
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = map(from[i]);
        }

        return to;
    }
}
