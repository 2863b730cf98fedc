using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Services;

/// <summary>
/// The order of Gateway API's routes: exact paths, then longer prefixes, then expressions; then method, headers, query (waypoint reference
/// 2.4). Greater goes first. Immutable.
/// </summary>
internal readonly record struct RoutePrecedence(int Consumer, int Kind, int Length, int Method, int Headers, int Query) : IComparable<RoutePrecedence>
{
    public static RoutePrecedence Of(HttpMatch match)
    {
        (int kind, int length) = match.Path?.KindCase switch
        {
            PathMatch.KindOneofCase.Exact => (3, match.Path.Exact.Length),
            PathMatch.KindOneofCase.SegmentPrefix => (2, match.Path.SegmentPrefix.Length),
            PathMatch.KindOneofCase.Prefix => (2, match.Path.Prefix.Length),
            PathMatch.KindOneofCase.Regex => (1, match.Path.Regex.Length),
            _ => (0, 0),
        };

        // What a consumer says about its own clients comes before what the producer says to all.
        return new RoutePrecedence(match.ClientNamespace.Length > 0 ? 1 : 0, kind, length, match.Method is null ? 0 : 1, match.Headers.Count, match.Query.Count);
    }

    public int CompareTo(RoutePrecedence other)
    {
        ReadOnlySpan<int> mine = [Consumer, Kind, Length, Method, Headers, Query];
        ReadOnlySpan<int> theirs = [other.Consumer, other.Kind, other.Length, other.Method, other.Headers, other.Query];
        return mine.SequenceCompareTo(theirs);
    }
}
