using System.Net;
using Ambient.Protocol.Istio.Security;
using Action = Ambient.Protocol.Istio.Security.Action;
using Authorization = Ambient.Protocol.Istio.Security.Authorization;

namespace Ambient.ControlPlane.Discovery.Tests.Policies;

/// <summary>What ztunnel would decide, written down as the reference has it (control-plane reference 0.6 and 4.4), slowly.</summary>
internal static class PlainJudge
{
    public static bool Allows(IReadOnlyList<Authorization> applicable, Request request)
    {
        Authorization[] real = [.. applicable.Where(static policy => !policy.DryRun)];
        return !real.Any(policy => policy.Action == Action.Deny && Holds(policy, request))
            && (real.All(static policy => policy.Action != Action.Allow) || real.Any(policy => policy.Action == Action.Allow && Holds(policy, request)));
    }

    private static bool Holds(Authorization policy, Request request) =>
        policy.Rules.Any(rule => rule.Clauses.All(clause => clause.Matches.Any(match => Holds(match, request))));

    private static bool Holds(Match match, Request request) => match.CalculateSize() > 0
        && Among(match.Namespaces, text => Holds(text, request.Namespace)) && None(match.NotNamespaces, text => Holds(text, request.Namespace))
        && Among(match.Principals, text => Holds(text, request.Principal)) && None(match.NotPrincipals, text => Holds(text, request.Principal))
        && Among(match.ServiceAccounts, account => Is(account, request)) && None(match.NotServiceAccounts, account => Is(account, request))
        && Among(match.SourceIps, block => Holds(block, request.From)) && None(match.NotSourceIps, block => Holds(block, request.From))
        && Among(match.DestinationIps, block => Holds(block, request.To)) && None(match.NotDestinationIps, block => Holds(block, request.To))
        && Among(match.DestinationPorts, port => port == request.Port) && None(match.NotDestinationPorts, port => port == request.Port);

    private static bool Among<T>(IReadOnlyCollection<T> values, Func<T, bool> holds) => values.Count == 0 || values.Any(holds);

    private static bool None<T>(IReadOnlyCollection<T> values, Func<T, bool> holds) => !values.Any(holds);

    private static bool Is(ServiceAccountMatch account, Request request) => request.Principal.EndsWith($"/ns/{account.Namespace}/sa/{account.ServiceAccount}", StringComparison.Ordinal);

    private static bool Holds(StringMatch match, string text) => match.MatchTypeCase switch
    {
        StringMatch.MatchTypeOneofCase.Exact => text == match.Exact,
        StringMatch.MatchTypeOneofCase.Prefix => text.StartsWith(match.Prefix, StringComparison.Ordinal),
        StringMatch.MatchTypeOneofCase.Suffix => text.EndsWith(match.Suffix, StringComparison.Ordinal),
        StringMatch.MatchTypeOneofCase.Presence => text.Length > 0,
        _ => false,
    };

    private static bool Holds(Address block, string ip) =>
        new IPNetwork(new IPAddress(Cut(block.Address_.ToByteArray(), (int)block.Length)), (int)block.Length).Contains(IPAddress.Parse(ip));

    private static byte[] Cut(byte[] bytes, int length)
    {
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return bytes;
    }

    /// <summary>A connection; an empty principal is plaintext.</summary>
    internal sealed record Request(string Principal, string Namespace, string From, string To, uint Port);
}
