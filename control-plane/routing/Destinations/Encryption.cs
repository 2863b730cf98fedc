using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>
/// TLS of one service: what its rules say, and where they say nothing what is attached to it. What is attached counts like a rule of the service's own namespace
/// (control-plane reference 8.5), so <paramref name="areBroad"/> rules, those of the root namespace or for many hosts, do not overrule it.
/// <paramref name="withheld"/> is the TLS of rules that cannot be followed, null where they want none: it closes what would else be plain. Used for one computation.
/// </summary>
internal sealed class Encryption(TlsPolicies rules, bool areBroad, IReadOnlyDictionary<uint, UpstreamTls> attached, IReadOnlyDictionary<uint, UpstreamTls?> withheld)
{
    private readonly HashSet<uint> _overruled = [];
    private RoutingObject? _rule;

    /// <summary>Ports that something is attached to, or whose TLS is withheld.</summary>
    public IEnumerable<uint> Ports => attached.Keys.Concat(withheld.Keys).Where(static port => port != 0).Distinct();

    /// <summary>What holds for a port; 0 is all others.</summary>
    public UpstreamTls? For(PolicyGroups groups, uint port)
    {
        UpstreamTls? own = attached.GetValueOrDefault(port) ?? attached.GetValueOrDefault(0u);
        if (own is not null && (areBroad || !groups.SaysTls))
        {
            return own.Clone();
        }

        if (groups.SaysTls && attached.ContainsKey(port))
        {
            _overruled.Add(port);
            _rule = groups.Tls?.Source;
        }

        UpstreamTls? ruled = groups.SaysTls ? rules.Make(groups) : null;
        if (ruled is null && (areBroad || !groups.SaysTls))
        {
            return (withheld.TryGetValue(port, out UpstreamTls? closed) ? closed : withheld.GetValueOrDefault(0u))?.Clone();
        }

        return ruled;
    }

    /// <summary>Says which policies have no effect because a rule has more to say.</summary>
    public void SayUnused(ProblemList problems)
    {
        if (_overruled.Count > 0 && _rule is { } rule)
        {
            problems.Add(rule, RoutingProblem.NoEffect, $"trafficPolicy.tls is in force instead of a {BackendTlsPolicies.Kind} of the same service");
        }
    }
}
