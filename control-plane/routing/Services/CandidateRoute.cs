using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>A route before it has its place. Immutable.</summary>
internal sealed record CandidateRoute(string Name, HttpMatch Match, HttpAction Action)
{
    /// <summary>The object that says so; null: nobody, it is what holds where nobody says anything.</summary>
    public RoutingObject? Source { get; init; }

    /// <summary>Where its rule is in the object.</summary>
    public string Place { get; init; } = "spec";

    /// <summary>Where its condition is; that of the rule unless given.</summary>
    public string MatchPlace { get => field ?? Place; init; }

    /// <summary>Whether every request matches, so that nothing behind it is reached.</summary>
    public bool IsCatchAll =>
        (Match.Path is null || Match.Path is { KindCase: PathMatch.KindOneofCase.Prefix, Prefix: "/" } or { KindCase: PathMatch.KindOneofCase.SegmentPrefix, SegmentPrefix: "/" or "" } or { KindCase: PathMatch.KindOneofCase.Regex, Regex: ".*" })
        && Match.Scheme is null && Match.Method is null && Match.Authority is null && Match.ClientNamespace.Length == 0
        && Match.Headers.Count + Match.Query.Count + Match.Claims.Count == 0;
}
